//! Jobs and CronJobs.

use serde_json::Value;

use super::text;
use crate::schema::structure::Place;
use crate::schema::violation::Violation;

/// The fields of a schedule: name, least, most.
const FIELDS: [(&str, u32, u32); 5] =
    [("minute", 0, 59), ("hour", 0, 23), ("day of month", 1, 31), ("month", 1, 12), ("day of week", 0, 6)];

/// Names that may stand for numbers in the month and in the day of week.
const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// Pods of a Job end; `Always` (the default) would restart them for ever.
pub(super) fn restart_policy(place: &Place<'_>, _: &Value) -> Vec<Violation> {
    let Some(spec) = place.value.pointer("/template/spec").filter(|spec| spec.is_object()) else {
        return Vec::new();
    };
    let path = format!("{}/template/spec/restartPolicy", place.path);
    let message = match text(spec, "restartPolicy") {
        Some("Never" | "OnFailure") => return Vec::new(),
        Some("Always") => "the Pods of a Job cannot have restartPolicy Always",
        None => "the Pods of a Job need a restartPolicy; the default, Always, is not allowed",
        // Another value is refused by the schema.
        Some(_) => return Vec::new(),
    };
    vec![Violation::error("api-restart-policy", path, message).hint("set it to Never or OnFailure")]
}

/// A schedule has five fields within their ranges, or is one of the `@` forms; the time zone has a field of its own.
pub(super) fn schedule(place: &Place<'_>, _: &Value) -> Vec<Violation> {
    let Some(schedule) = place.value.get("schedule").and_then(Value::as_str) else { return Vec::new() };
    let Some(reason) = bad_schedule(schedule) else { return Vec::new() };
    let message = format!("the schedule `{schedule}` {reason}");
    let hint = if schedule.contains("TZ=") {
        "write the time zone under `timeZone`"
    } else {
        "use five fields: minute, hour, day of month, month, day of week, e.g. `0 3 * * 1`"
    };
    vec![Violation::error("api-cron-schedule", format!("{}/schedule", place.path), message).hint(hint)]
}

fn bad_schedule(schedule: &str) -> Option<String> {
    if schedule.contains("TZ=") {
        return Some("contains a time zone".to_owned());
    }
    if let Some(word) = schedule.strip_prefix('@') {
        let is_known =
            matches!(word, "yearly" | "annually" | "monthly" | "weekly" | "daily" | "midnight" | "hourly")
                || word
                    .strip_prefix("every ")
                    .is_some_and(|interval| interval.starts_with(|c: char| c.is_ascii_digit()));
        return (!is_known).then(|| "is not one of the @ forms".to_owned());
    }
    let fields: Vec<&str> = schedule.split_whitespace().collect();
    if fields.len() != FIELDS.len() {
        return Some(format!("has {} fields, not 5", fields.len()));
    }
    fields.iter().zip(FIELDS).find_map(|(field, (name, least, most))| {
        let names: &[&str] = match name {
            "month" => &MONTHS,
            "day of week" => &DAYS,
            _ => &[],
        };
        (!field.split(',').all(|part| is_part(part, least, most, names)))
            .then(|| format!("has `{field}` as its {name}, which is {least} to {most}"))
    })
}

/// `*`, `?`, `5`, `1-5`, `*/15`, `1-10/2`, `mon-fri`.
fn is_part(part: &str, least: u32, most: u32, names: &[&str]) -> bool {
    let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
    let number = |text: &str| {
        let offset = names.iter().position(|name| name.eq_ignore_ascii_case(text));
        let value = match offset.and_then(|offset| u32::try_from(offset).ok()) {
            Some(offset) => offset + least,
            None => text.parse().ok()?,
        };
        (least..=most).contains(&value).then_some(value)
    };
    let is_range = match range.split_once('-') {
        _ if matches!(range, "*" | "?") => true,
        Some((from, to)) => matches!((number(from), number(to)), (Some(from), Some(to)) if from <= to),
        None => number(range).is_some(),
    };
    is_range && step.is_none_or(|step| step.parse::<u32>().is_ok_and(|step| step > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_that_the_server_takes() {
        for schedule in
            ["0 3 * * 1", "*/15 * * * *", "0 9-17 * * mon-fri", "5,35 1 1 jan ?", "@daily", "@every 1h"]
        {
            assert_eq!(bad_schedule(schedule), None, "{schedule}");
        }
    }

    #[test]
    fn schedules_that_it_refuses() {
        for schedule in [
            "",
            "daily",
            "@dayly",
            "60 * * * *",
            "0 3 * *",
            "0 0 3 * * *",
            "0 24 * * *",
            "*/0 * * * *",
            "0 3 * * 7",
            "5-1 * * * *",
            "TZ=UTC 0 3 * * *",
        ] {
            assert!(bad_schedule(schedule).is_some(), "{schedule}");
        }
    }
}
