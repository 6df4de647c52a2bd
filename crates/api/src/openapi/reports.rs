//! The schemas of reports.

use serde_json::{Value, json};

use super::values::{category, constant, flag, integer, object, one_of, reference, text, time};

fn about(words: &str) -> Value {
    json!({"type": "integer", "format": "int64", "description": words})
}

/// The schemas by name.
pub(super) fn all() -> Vec<(&'static str, Value)> {
    let numbers = || {
        [
            ("opening", about("What users had at the beginning, held coins included.")),
            ("granted", about("What was granted. Adds.")),
            ("spent", about("What was spent or captured, but not to another user. Subtracts.")),
            ("expired", about("What expired. Subtracts.")),
            ("reversed", about("What reversals changed on balance; below 0 where grants were taken back. Adds.")),
            ("closing", about("What users had at the end.")),
            ("held", about("What of `closing` was held by open holds.")),
        ]
    };
    let converted =
        about("What came from the other category, since coins that are paid to a user become plain ones. Adds.");
    let months = json!({"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}$"});
    let row_of_category = {
        let [opening, granted, spent, expired, reversed, closing, held] = numbers();
        let converted = ("converted", converted);
        object([("category", category()), opening, granted, spent, expired, reversed, converted, closing, held], &[])
    };
    let days = json!({"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"});
    let row_of = |name: &'static str, date: Value| {
        let [opening, granted, spent, expired, reversed, closing, held] = numbers();
        let [from, until] = [("from", time()), ("until", time())];
        object([(name, date), from, until, opening, granted, spent, expired, reversed, closing, held], &[])
    };
    let compared = || {
        [
            ("balances", about("The sum of all accounts at the event, held coins included.")),
            ("counted", about("What the events of the log up to then come to.")),
            ("equal", flag()),
        ]
    };
    let check_of_category = {
        let [balances, counted, equal] = compared();
        object([("category", category()), balances, counted, equal], &[])
    };
    let of_categories = [("categories", json!({"type": "array", "items": reference("LiabilityCategoryCheck")}))];
    let rows = |name: &str| json!({"type": "array", "items": reference(name)});
    let report = |by: &str, row: &str| {
        object(
            [
                ("coin", text()),
                ("from", time()),
                ("until", time()),
                ("by", constant(by)),
                ("event", integer()),
                ("rows", rows(row)),
                ("totals", reference("LiabilityTotals")),
                ("check", reference("LiabilityCheck")),
            ],
            &[],
        )
    };
    let names = [
        ("total", "LiabilityByTotal"),
        ("category", "LiabilityByCategory"),
        ("month", "LiabilityByMonth"),
        ("day", "LiabilityByDay"),
    ];
    vec![
        ("LiabilityTotals", object(numbers(), &[])),
        ("LiabilityOfCategory", row_of_category),
        ("LiabilityOfMonth", row_of("month", months)),
        ("LiabilityOfDay", row_of("day", days)),
        ("LiabilityCategoryCheck", check_of_category),
        ("LiabilityCheck", object(compared(), &of_categories)),
        ("LiabilityByTotal", report("total", "LiabilityTotals")),
        ("LiabilityByCategory", report("category", "LiabilityOfCategory")),
        ("LiabilityByMonth", report("month", "LiabilityOfMonth")),
        ("LiabilityByDay", report("day", "LiabilityOfDay")),
        ("LiabilityReport", one_of("by", &names)),
    ]
}
