use std::fs::{self, File};
use std::io::Write;

use domain::gate::{CardInteraction, GateEventKind, Recommendation};
use domain::money::Currency;
use domain::reason::GateReason;
use time::macros::datetime;
use uuid::Uuid;

use super::*;

struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("storeside-journal-{}", Uuid::new_v4())))
    }

    fn files(&self, ending: &str) -> Vec<PathBuf> {
        let all = fs::read_dir(self.0.join(FOLDER)).unwrap().map(|it| it.unwrap().path());
        all.filter(|path| path.extension().is_some_and(|it| it == ending)).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn written(number: u32) -> Written {
    let usd = |minor| Money::new(minor, Currency::USD);
    Written {
        request: GateRequest {
            store: "store-1".parse().unwrap(),
            event: format!("tap-{number}").parse().unwrap(),
            kind: GateEventKind::CreditCard,
            interaction: Some(CardInteraction::Dip),
            tapped_at: datetime!(2026-11-21 09:00:00.25 UTC),
            location: "ENTRY".to_owned(),
            instrument: "Karte ä 1".parse().unwrap(),
            trip: Some(format!("trip-{number}").parse().unwrap()),
            hold: usd(2500),
            recommendation: Recommendation {
                authorized: Some(true),
                adjusted_hold: Some(usd(900)),
                risks: vec!["NonpaymentLowRisk".to_owned()],
            },
        },
        decision: GateDecision {
            authorized: true,
            reason: GateReason::NothingOwed,
            adjusted_hold: Some(usd(900)),
            risks: vec!["NonpaymentLowRisk".to_owned()],
            is_override: false,
            override_kind: None,
            rule: "nothing_owed".to_owned(),
            rules_part: Some(7),
            notice: None,
        },
        outstanding: usd(i64::from(number)),
        balances_as_of: number.is_multiple_of(2).then_some(datetime!(2026-11-21 08:59 UTC)),
        decided_at: datetime!(2026-11-21 09:00:00.3 UTC),
    }
}

/// What all files together say.
async fn read_all(journal: &Journal) -> Vec<Written> {
    let mut files = journal.take().await.unwrap();
    let mut records: Vec<_> = files.iter_mut().flat_map(|file| file.read().unwrap().records).collect();
    for file in files {
        file.remove().unwrap();
    }
    records.sort_by_key(|it| it.outstanding.minor());
    records
}

#[tokio::test]
async fn fa_016_what_is_written_down_reads_back_and_is_gone_when_it_is_removed() {
    let folder = Folder::new();
    let journal = Journal::open(&folder.0).unwrap();
    assert_eq!(read_all(&journal).await, []);
    for number in 0..3 {
        journal.append(&written(number)).await.unwrap();
    }
    assert_eq!(journal.count_waiting(), 3);
    assert_eq!(read_all(&journal).await, [written(0), written(1), written(2)]);
    assert_eq!((read_all(&journal).await, journal.count_waiting()), (vec![], 0));
    journal.append(&written(3)).await.unwrap();
    assert_eq!(read_all(&journal).await, [written(3)], "after that it goes on in another file");
}

#[tokio::test]
async fn fa_016_what_many_taps_write_at_once_is_all_there() {
    let folder = Folder::new();
    let journal = Journal::open(&folder.0).unwrap();
    let mut taps = tokio::task::JoinSet::new();
    for number in 0..500 {
        let journal = journal.clone();
        taps.spawn(async move { journal.append(&written(number)).await.unwrap() });
    }
    taps.join_all().await;
    assert_eq!(read_all(&journal).await, (0..500).map(written).collect::<Vec<_>>());
}

#[tokio::test]
async fn fa_016_two_processes_in_one_folder_leave_each_others_files_alone_until_one_is_dead() {
    let folder = Folder::new();
    let [ours, theirs] = [1, 2].map(|_| Journal::open(&folder.0).unwrap());
    ours.append(&written(1)).await.unwrap();
    theirs.append(&written(2)).await.unwrap();
    assert_eq!(read_all(&ours).await, [written(1)]);
    drop(theirs);
    // Its thread ends, and with it the lock, a moment later.
    let mut found = vec![];
    while found.is_empty() {
        found = read_all(&ours).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(found, [written(2)]);
}

#[tokio::test]
async fn fa_016_a_record_that_was_being_written_when_its_process_died_is_left_out_and_the_others_are_read() {
    let framed = |number| frame::wrap(&serde_json::to_vec(&written(number)).unwrap()).unwrap();
    let (first, last) = (framed(1), framed(2));
    for torn in 0..last.len() {
        let found = frame::read(&[&first[..], &last[..torn]].concat());
        assert_eq!((found.records, found.rest_bytes, found.is_torn), (vec![written(1)], torn, torn > 0));
    }
    let mut flipped = [first.clone(), last.clone()].concat();
    flipped[first.len() + 40] ^= 1;
    let found = frame::read(&flipped);
    assert_eq!((found.records, found.rest_bytes, found.is_torn), (vec![written(1)], last.len(), false), "a turned bit");
    for garbage in [&[0_u8; 64][..], &[255; 64], b"{}"] {
        let found = frame::read(garbage);
        assert_eq!((found.rest_bytes, found.is_torn), (garbage.len(), garbage.len() < 12));
    }

    let folder = Folder::new();
    let journal = Journal::open(&folder.0).unwrap();
    let mut file = File::create(folder.0.join(FOLDER).join("dead.journal")).unwrap();
    file.write_all(&[&first[..], &last[..20]].concat()).unwrap();
    drop(file);
    let mut taken = journal.take().await.unwrap().pop().unwrap();
    let contents = taken.read().unwrap();
    assert_eq!((contents.records, contents.damaged_bytes), (vec![written(1)], 0));
    assert!(taken.set_aside().unwrap().exists());
    assert!(journal.take().await.unwrap().is_empty(), "what was set aside is replayed no more");
    assert_eq!(folder.files("kept").len(), 1);
}

#[tokio::test]
async fn a_full_journal_refuses_and_takes_more_once_it_was_emptied() {
    let folder = Folder::new();
    let room = u64::try_from(frame::wrap(&serde_json::to_vec(&written(0)).unwrap()).unwrap().len()).unwrap();
    let journal = Journal::open_with(&folder.0, room).unwrap();
    journal.append(&written(0)).await.unwrap();
    assert!(matches!(journal.append(&written(2)).await, Err(JournalError::Full)));
    assert_eq!(read_all(&journal).await, [written(0)]);
    journal.append(&written(2)).await.unwrap();
    assert_eq!(read_all(&journal).await, [written(2)]);
}

#[test]
fn a_folder_that_cannot_be_used_is_named() {
    let problem = Journal::open(Path::new("/proc/no-such-place")).unwrap_err().to_string();
    assert!(problem.contains("/proc/no-such-place") && problem.contains("STORESIDE_DATA_DIR"), "{problem}");
}

#[tokio::test]
async fn a_journal_that_ends_in_peace_leaves_no_empty_file() {
    let folder = Folder::new();
    drop(Journal::open(&folder.0).unwrap());
    while !folder.files("journal").is_empty() {
        tokio::task::yield_now().await;
    }
}
