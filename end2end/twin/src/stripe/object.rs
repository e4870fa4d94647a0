//! Stripe's objects, whole, as its API reference shows them.

use serde_json::{Map, Value, json};

use super::book::{Dispute, Line, Payment, SessionStatus, StripeSession};

/// `payment`: expanded, where it was asked for.
pub(super) fn session(session: &StripeSession, payment: Option<&Payment>) -> Value {
    let is_paid = session.status == SessionStatus::Complete;
    let shown = payment.map_or_else(|| json!(session.payment), self::payment);
    json!({
        "id": session.id, "object": "checkout.session", "adaptive_pricing": { "enabled": false }, "after_expiration": null,
        "allow_promotion_codes": null, "amount_subtotal": session.amount_minor, "amount_total": session.amount_minor,
        "automatic_tax": { "enabled": false, "liability": null, "provider": null, "status": null },
        "billing_address_collection": null, "cancel_url": session.cancel_url, "client_reference_id": session.reference,
        "client_secret": null, "collected_information": null, "consent": null, "consent_collection": null,
        "created": session.created, "currency": session.currency, "currency_conversion": null, "custom_fields": [],
        "custom_text": { "after_submit": null, "shipping_address": null, "submit": null, "terms_of_service_acceptance": null },
        "customer": null, "customer_creation": "if_required", "customer_details": null, "customer_email": null, "discounts": [],
        "expires_at": session.expires_at, "invoice": null,
        "invoice_creation": { "enabled": false, "invoice_data": { "account_tax_ids": null, "custom_fields": null, "description": null,
            "footer": null, "issuer": null, "metadata": {}, "rendering_options": null } },
        "livemode": false, "locale": null, "metadata": map(&session.metadata), "mode": "payment", "origin_context": null,
        "payment_intent": shown, "payment_link": null, "payment_method_collection": "if_required",
        "payment_method_configuration_details": null,
        "payment_method_options": { "card": { "request_three_d_secure": "automatic" } }, "payment_method_types": ["card"],
        "payment_status": if is_paid { "paid" } else { "unpaid" }, "permissions": null,
        "phone_number_collection": { "enabled": false }, "recovered_from": null, "saved_payment_method_options": null,
        "setup_intent": null, "shipping_address_collection": null, "shipping_cost": null, "shipping_options": [],
        "status": session.status, "submit_type": null, "subscription": null, "success_url": session.success_url,
        "total_details": { "amount_discount": 0, "amount_shipping": 0, "amount_tax": 0 }, "ui_mode": "hosted_page",
        "url": if session.status == SessionStatus::Open { json!(session.url) } else { Value::Null }, "wallet_options": null,
    })
}

pub(super) fn payment(payment: &Payment) -> Value {
    let is_paid = payment.charge.is_some();
    let status = match (is_paid, payment.wants_authentication) {
        (true, _) => "succeeded",
        (false, true) => "requires_action",
        (false, false) => "requires_payment_method",
    };
    let error = payment.decline.map(|decline| {
        json!({ "code": "card_declined", "decline_code": decline, "message": "Your card was declined.", "type": "card_error" })
    });
    json!({
        "id": payment.id, "object": "payment_intent", "amount": payment.amount_minor, "amount_capturable": 0,
        "amount_details": { "tip": {} }, "amount_received": if is_paid { payment.amount_minor } else { 0 }, "application": null,
        "application_fee_amount": null, "automatic_payment_methods": null, "canceled_at": null, "cancellation_reason": null,
        "capture_method": "automatic_async", "client_secret": null, "confirmation_method": "automatic", "created": payment.created,
        "currency": payment.currency, "customer": null, "description": null, "excluded_payment_method_types": null,
        "last_payment_error": error, "latest_charge": payment.charge, "livemode": false, "metadata": map(&payment.metadata),
        "next_action": null, "on_behalf_of": null, "payment_method": null, "payment_method_configuration_details": null,
        "payment_method_options": { "card": { "request_three_d_secure": "automatic" } }, "payment_method_types": ["card"],
        "processing": null, "receipt_email": null, "review": null, "setup_future_usage": null, "shipping": null, "source": null,
        "statement_descriptor": null, "statement_descriptor_suffix": null, "status": status, "transfer_data": null,
        "transfer_group": null,
    })
}

pub(super) fn charge(payment: &Payment) -> Value {
    json!({
        "id": payment.charge, "object": "charge", "amount": payment.amount_minor, "amount_captured": payment.amount_minor,
        "amount_refunded": payment.refunded_minor, "application": null, "application_fee": null, "application_fee_amount": null,
        "balance_transaction": null,
        "billing_details": { "address": { "city": null, "country": null, "line1": null, "line2": null, "postal_code": null, "state": null },
            "email": null, "name": null, "phone": null, "tax_id": null },
        "calculated_statement_descriptor": "STORE", "captured": true, "created": payment.created, "currency": payment.currency,
        "customer": null, "description": null, "disputed": payment.dispute.is_some(), "failure_balance_transaction": null,
        "failure_code": null, "failure_message": null, "fraud_details": {}, "livemode": false, "metadata": map(&payment.metadata),
        "on_behalf_of": null,
        "outcome": { "advice_code": null, "network_advice_code": null, "network_decline_code": null,
            "network_status": "approved_by_network", "reason": null, "risk_level": "normal", "risk_score": 3,
            "seller_message": "Payment complete.", "type": "authorized" },
        "paid": true, "payment_intent": payment.id, "payment_method": null, "payment_method_details": null, "receipt_email": null,
        "receipt_number": null, "receipt_url": null, "refunded": payment.refunded_minor >= payment.amount_minor, "review": null,
        "shipping": null, "source": null, "source_transfer": null, "statement_descriptor": null,
        "statement_descriptor_suffix": null, "status": "succeeded", "transfer_data": null, "transfer_group": null,
    })
}

pub(super) fn dispute(payment: &Payment, dispute: &Dispute) -> Value {
    let evidence = [
        "access_activity_log",
        "billing_address",
        "cancellation_policy",
        "cancellation_policy_disclosure",
        "cancellation_rebuttal",
        "customer_communication",
        "customer_email_address",
        "customer_name",
        "customer_purchase_ip",
        "customer_signature",
        "duplicate_charge_documentation",
        "duplicate_charge_explanation",
        "duplicate_charge_id",
        "product_description",
        "receipt",
        "refund_policy",
        "refund_policy_disclosure",
        "refund_refusal_explanation",
        "service_date",
        "service_documentation",
        "shipping_address",
        "shipping_carrier",
        "shipping_date",
        "shipping_documentation",
        "shipping_tracking_number",
        "uncategorized_file",
        "uncategorized_text",
    ];
    let mut evidence: Map<String, Value> = evidence.into_iter().map(|name| (name.to_owned(), Value::Null)).collect();
    evidence.insert("enhanced_evidence".to_owned(), json!({}));
    json!({
        "id": dispute.id, "object": "dispute", "amount": dispute.amount_minor, "balance_transactions": [], "charge": payment.charge,
        "created": dispute.created, "currency": payment.currency, "enhanced_eligibility_types": [], "evidence": evidence,
        "evidence_details": { "due_by": dispute.created + 7 * 24 * 3600, "enhanced_eligibility": {}, "has_evidence": false,
            "past_due": false, "submission_count": 0 },
        "is_charge_refundable": false, "livemode": false, "metadata": {}, "network_reason_code": null, "payment_intent": payment.id,
        "payment_method_details": { "card": { "brand": "visa", "case_type": "chargeback", "network": "visa",
            "network_reason_code": "10.4" }, "type": "card" },
        "reason": "fraudulent", "status": dispute.status,
    })
}

pub(super) fn balance_line(line: &Line, payment: &Payment, expands: bool) -> Value {
    let (source, object) = match (line.kind, &payment.dispute) {
        ("adjustment", Some(it)) => (json!(it.id), dispute(payment, it)),
        ("refund", _) => {
            let id = line.id.replacen("txn", "re", 1);
            (json!(id), refund(&id, line, payment))
        }
        _ => (json!(payment.charge), charge(payment)),
    };
    let category = match line.kind {
        "adjustment" => {
            if line.amount_minor < 0 {
                "dispute"
            } else {
                "dispute_reversal"
            }
        }
        kind => kind,
    };
    let fees = if line.fee_minor == 0 {
        json!([])
    } else {
        json!([{ "amount": line.fee_minor, "application": null, "currency": line.currency, "description": "Stripe processing fees",
            "type": "stripe_fee" }])
    };
    json!({
        "id": line.id, "object": "balance_transaction", "amount": line.amount_minor, "available_on": line.created + 2 * 24 * 3600,
        "balance_type": "payments", "created": line.created, "currency": line.currency, "description": null, "exchange_rate": null,
        "fee": line.fee_minor, "fee_details": fees, "net": line.amount_minor - line.fee_minor, "reporting_category": category,
        "source": if expands { object } else { source }, "status": "available", "type": line.kind,
    })
}

fn refund(id: &str, line: &Line, payment: &Payment) -> Value {
    json!({
        "id": id, "object": "refund", "amount": -line.amount_minor, "balance_transaction": line.id, "charge": payment.charge,
        "created": line.created, "currency": line.currency, "metadata": {}, "payment_intent": payment.id, "reason": null,
        "receipt_number": null, "source_transfer_reversal": null, "status": "succeeded", "transfer_reversal": null,
    })
}

fn map(pairs: &[(String, String)]) -> Value {
    Value::Object(pairs.iter().map(|(key, value)| (key.clone(), json!(value))).collect())
}
