//! What a person types about the lines of a cart: `3=SKU-004` for the article alone, or `--line 2 --sku SKU-001 --quantity 1.5
//! --unit lb`, in which every word is about the line named before it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches, value_parser};
use domain::id::Sku;
use domain::identification::Identification;

use crate::command::table::decimal;

/// Lines by their numbers, each with what it is.
#[derive(Debug, Clone)]
pub struct Lines(pub BTreeMap<u32, Identification>);

/// What was typed about one line, as it was typed.
#[derive(Debug, Default)]
struct Typed {
    sku: Option<String>,
    quantity: Option<String>,
    unit: Option<String>,
}

impl Args for Lines {
    fn augment_args(command: Command) -> Command {
        let each = |name: &'static str, value: &'static str, help: &'static str| {
            Arg::new(name).long(name).value_name(value).help(help).action(ArgAction::Append)
        };
        command
            .arg(
                Arg::new("lines")
                    .value_name("LINE=SKU")
                    .help("A line and the article it is, like 3=SKU-004")
                    .action(ArgAction::Append)
                    .num_args(0..),
            )
            .arg(
                each("line", "LINE", "A line by its number; the words after it are about it")
                    .value_parser(value_parser!(u32)),
            )
            .arg(each("sku", "SKU", "The article it is"))
            .arg(each("quantity", "QUANTITY", "How much of it there is, like 2 or 1.5"))
            .arg(each("unit", "UNIT", "In what: unit for pieces, or lb, oz, kg, g"))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Lines {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let mut typed: BTreeMap<u32, Typed> = BTreeMap::new();
        for text in matches.get_many::<String>("lines").into_iter().flatten() {
            let (line_no, sku) =
                text.split_once('=').ok_or_else(|| refuse(format!("{text:?} is not like 3=SKU-004")))?;
            let line_no = line_no.parse().map_err(|_| refuse(format!("{line_no:?} is not the number of a line")))?;
            begin(&mut typed, line_no)?.sku = Some(sku.to_owned());
        }
        let numbers = matches.get_many::<u32>("line").into_iter().flatten();
        let lines: BTreeMap<usize, u32> =
            matches.indices_of("line").into_iter().flatten().zip(numbers.copied()).collect();
        for line_no in lines.values() {
            begin(&mut typed, *line_no)?;
        }
        for word in ["sku", "quantity", "unit"] {
            let values = matches.get_many::<String>(word).into_iter().flatten();
            for (index, value) in matches.indices_of(word).into_iter().flatten().zip(values) {
                let before = lines.range(..index).next_back().and_then(|(_, line_no)| typed.get_mut(line_no));
                let Some(line) = before else {
                    return Err(refuse(format!("--{word} {value} is about no line: put --line LINE before it")));
                };
                let place = match word {
                    "sku" => &mut line.sku,
                    "quantity" => &mut line.quantity,
                    _ => &mut line.unit,
                };
                if place.replace(value.clone()).is_some() {
                    return Err(refuse(format!("--{word} {value} is the second one for its line: say it once")));
                }
            }
        }
        let read = typed.into_iter().map(|(line_no, typed)| Ok((line_no, identification(line_no, typed)?)));
        read.collect::<Result<_, _>>().map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn begin(typed: &mut BTreeMap<u32, Typed>, line_no: u32) -> Result<&mut Typed, Error> {
    match typed.entry(line_no) {
        Entry::Vacant(entry) => Ok(entry.insert(Typed::default())),
        Entry::Occupied(_) => Err(refuse(format!("line {line_no} is named twice: say everything about it at once"))),
    }
}

fn identification(line_no: u32, typed: Typed) -> Result<Identification, Error> {
    let of_line = |problem: String| refuse(format!("line {line_no}: {problem}"));
    let sku = typed.sku.map(|text| Sku::new(&text).map_err(|_| of_line(format!("{text:?} is not an article number"))));
    let quantity =
        typed.quantity.map(|text| decimal(&text).map_err(|problem| of_line(format!("the quantity {problem}"))));
    let found = Identification::new(sku.transpose()?, quantity.transpose()?, typed.unit);
    found.map_err(|error| of_line(error.to_string()))
}

fn refuse(problem: String) -> Error {
    Error::raw(ErrorKind::ValueValidation, format!("{problem}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &str) -> Result<BTreeMap<u32, Identification>, String> {
        let command = Lines::augment_args(Command::new("price"));
        let matches = command.try_get_matches_from(std::iter::once("price").chain(words.split_whitespace()));
        let lines = matches.and_then(|it| Lines::from_arg_matches(&it));
        lines.map(|it| it.0).map_err(|error| error.to_string())
    }

    fn said(sku: Option<&str>, quantity: Option<&str>, unit: Option<&str>) -> Identification {
        let quantity = quantity.map(|it| it.parse().unwrap());
        Identification::new(sku.map(|it| Sku::new(it).unwrap()), quantity, unit.map(str::to_owned)).unwrap()
    }

    #[test]
    fn every_word_is_about_the_line_before_it() {
        let found = read("3=SKU-004 --line 2 --sku SKU-001 --quantity 1.5 --unit lb --line 7 --unit unit --quantity 2");
        let expected = [
            (2, said(Some("SKU-001"), Some("1.5"), Some("lb"))),
            (3, said(Some("SKU-004"), None, None)),
            (7, said(None, Some("2"), Some("unit"))),
        ];
        assert_eq!(found.unwrap(), expected.into());
        assert_eq!(read("").unwrap(), [].into());
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_what_to_do() {
        for (words, told) in [
            ("--sku SKU-001", "--sku SKU-001 is about no line: put --line LINE before it"),
            ("--unit lb --line 2 --sku A", "--unit lb is about no line"),
            ("--line 2", "line 2: nothing is said of it: give its article, its quantity or its unit"),
            ("--line 2 --sku A --sku B", "--sku B is the second one for its line"),
            ("--line 2 --sku A --line 2 --unit lb", "line 2 is named twice"),
            ("2=A --line 2 --unit lb", "line 2 is named twice"),
            ("--line 2 --quantity 0", "line 2: the quantity 0 is not above zero"),
            ("--line 2 --quantity=-1", "line 2: the quantity -1 is not above zero"),
            ("--line 2 --quantity much", "line 2: the quantity \"much\" is not a number like 12.50"),
            ("--line 2 --unit bushel", "line 2: \"bushel\" is no unit"),
            ("--line two --unit lb", "invalid value 'two'"),
            ("SKU-004", "\"SKU-004\" is not like 3=SKU-004"),
            ("x=SKU-004", "\"x\" is not the number of a line"),
        ] {
            let refused = read(words).unwrap_err();
            assert!(refused.contains(told), "{words}: {refused}");
        }
    }
}
