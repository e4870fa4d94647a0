//! Accessible building blocks that every page is made of.

pub(crate) mod asked;
pub(crate) mod delay;
pub(crate) mod entrance;
pub(crate) mod field;
pub(crate) mod layout;
pub(crate) mod moment;
pub(crate) mod money;
pub(crate) mod note;
pub(crate) mod notice;
pub(crate) mod title;
pub(crate) mod trouble;
