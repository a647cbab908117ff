//! Tests of cron texts: a table, and generated ones against a calendar that is kept by counting.

use proptest::prelude::*;

use super::*;

/// `2016-03-01 00:00:00`
fn time(text: &str) -> Time {
    let numbers: Vec<u64> = text.split(['-', ' ', ':']).map(|part| part.parse().unwrap()).collect();
    let [year, month, day, hour, minute, second] = numbers[..] else { panic!("{text}") };
    let mut date = Date { year: 1970, month: 1, day: 1, weekday: 4 };
    let mut days = 0;
    while (date.year, date.month, date.day) != (year, month, day) {
        date.advance();
        days += 1;
    }
    at_second(days * DAY + hour * 3600 + minute * 60 + second)
}

/// A day, reached by going from one to the next.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Date {
    year: u64,
    month: u64,
    day: u64,
    weekday: u64,
}

impl Date {
    fn advance(&mut self) {
        let by = |years| self.year.is_multiple_of(years);
        let leap = by(4) && !by(100) || by(400);
        let length = match self.month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        self.weekday = (self.weekday + 1) % 7;
        self.day += 1;
        if self.day > length {
            (self.day, self.month) = (1, self.month + 1);
        }
        if self.month > 12 {
            (self.month, self.year) = (1, self.year + 1);
        }
    }
}

#[test]
fn finds_the_next_time() {
    for (text, after, next) in [
        ("0 0/15 * * *", "2012-07-09 14:45:00", "2012-07-09 15:00:00"),
        ("0 0/15 * * *", "2012-07-09 14:59:59", "2012-07-09 15:00:00"),
        ("0 20-35/15 * * *", "2012-07-09 15:45:00", "2012-07-09 16:20:00"),
        ("15/35 20-35/15 1/2 */2 *", "2012-07-09 23:35:51", "2012-07-11 01:20:15"),
        ("15/35 20-35/15 10-12 */2 *", "2012-07-09 23:35:51", "2012-07-11 10:20:15"),
        ("0 0 0 9 Apr-Oct ?", "2012-07-09 23:35:00", "2012-08-09 00:00:00"),
        ("0 0 0 */5 Apr,Aug,Oct Mon", "2012-07-09 23:35:00", "2012-08-06 00:00:00"),
        ("0 0 0 */5 Oct Mon", "2012-07-09 23:35:00", "2012-10-01 00:00:00"),
        ("0 0 0 29 Feb ?", "2012-07-09 23:35:00", "2016-02-29 00:00:00"),
        // Either day if both are given.
        ("0 0 0 1,15 * Sun", "2012-07-02 00:00:00", "2012-07-08 00:00:00"),
        ("0 0 0 1,15 * *", "2012-07-02 00:00:00", "2012-07-15 00:00:00"),
        ("0 0 0 * * sun", "2012-07-02 00:00:00", "2012-07-08 00:00:00"),
        ("0 30 12 7 4 6", "2016-04-07 12:30:00", "2016-04-09 12:30:00"),
        ("0 25 12 7 4 6", "2016-04-03 00:00:00", "2016-04-07 12:25:00"),
        ("*-5 * * * *", "2016-04-03 00:00:10", "2016-04-03 00:00:11"),
        ("@hourly", "2012-07-09 14:45:00", "2012-07-09 15:00:00"),
        ("@daily", "2012-07-09 00:00:00", "2012-07-10 00:00:00"),
        ("@midnight", "2012-07-09 14:45:00", "2012-07-10 00:00:00"),
        ("@weekly", "2012-07-09 14:45:00", "2012-07-15 00:00:00"),
        ("@monthly", "2012-07-09 14:45:00", "2012-08-01 00:00:00"),
        ("@yearly", "2012-07-09 14:45:00", "2013-01-01 00:00:00"),
        ("@annually", "2012-01-01 00:00:00", "2013-01-01 00:00:00"),
        ("@every 17s", "2012-07-09 14:45:00", "2012-07-09 14:45:17"),
        ("@every 1h30m", "2012-07-09 14:45:00", "2012-07-09 16:15:00"),
        ("@every 1.9s", "2012-07-09 14:45:00", "2012-07-09 14:45:01"),
        ("@every 5ms", "2012-07-09 14:45:00", "2012-07-09 14:45:01"),
    ] {
        let found = Cron::parse(text).unwrap().next(time(after));
        assert_eq!(found, Some(time(next)), "{text} after {after}");
    }
}

#[test]
fn counts_from_the_whole_second() {
    let after = time("2012-07-09 14:45:00") + Duration::from_millis(700);
    for (text, next) in [("* * * * *", "2012-07-09 14:45:01"), ("@every 2s", "2012-07-09 14:45:02")] {
        assert_eq!(Cron::parse(text).unwrap().next(after), Some(time(next)));
    }
}

#[test]
fn gives_up_after_five_years() {
    for text in ["0 0 0 30 Feb ?", "0 0 0 31 Apr ?", ", * * * *"] {
        assert_eq!(Cron::parse(text).unwrap().next(Time::SIM_START), None, "{text}");
    }
    // 2100 is no leap year.
    assert_eq!(Cron::parse("0 0 0 29 2 ?").unwrap().next(time("2096-03-01 00:00:00")), None);
}

#[test]
fn refuses_what_the_original_refuses() {
    for (text, error) in [
        ("", "Expected 5 or 6 fields, found 0: "),
        ("* * * *", "Expected 5 or 6 fields, found 4: * * * *"),
        ("* * * * * * *", "Expected 5 or 6 fields, found 7: * * * * * * *"),
        ("60 * * * *", "End of range (60) above maximum (59): 60"),
        ("* * * 0 *", "Beginning of range (0) below minimum (1): 0"),
        ("* * * * * 7", "End of range (7) above maximum (6): 7"),
        ("5-1 * * * *", "Beginning of range (5) beyond end of range (1): 5-1"),
        ("1-2-3 * * * *", "Too many hyphens: 1-2-3"),
        ("*/2/3 * * * *", "Too many slashes: */2/3"),
        ("*/-2 * * * *", "Negative number (-2) not allowed: */-2"),
        ("x * * * *", "Failed to parse int from x: strconv.ParseInt: parsing \"x\": invalid syntax"),
        ("mon * * * *", "Failed to parse int from mon: strconv.ParseInt: parsing \"mon\": invalid syntax"),
        ("*/0 * * * *", "Step of range should be a positive number: */0"),
        ("@every", "Unrecognized descriptor: @every"),
        ("@every 17", "Failed to parse duration @every 17: invalid duration \"17\""),
        ("@Hourly", "Unrecognized descriptor: @Hourly"),
    ] {
        assert_eq!(Cron::parse(text), Err(BadCron(error.into())), "{text}");
    }
}

/// An item of a field: its text, and whether it matches a value.
#[derive(Clone, Debug)]
struct Item {
    text: String,
    values: Vec<u64>,
    star: bool,
}

fn item(min: u64, max: u64) -> impl Strategy<Value = Item> {
    let all = Just(Item { text: "*".into(), values: (min..=max).collect(), star: true });
    let one =
        (min..=max).prop_map(|value| Item { text: value.to_string(), values: vec![value], star: false });
    let range = (min..=max, min..=max, 1..=9_u64).prop_map(|(a, b, step)| {
        let (low, high) = (a.min(b), a.max(b));
        let values = (low..=high).filter(|value| (value - low).is_multiple_of(step)).collect();
        Item { text: format!("{low}-{high}/{step}"), values, star: false }
    });
    let open = (min..=max, 1..=9_u64).prop_map(move |(low, step)| {
        let values = (low..=max).filter(|value| (value - low).is_multiple_of(step)).collect();
        Item { text: format!("{low}/{step}"), values, star: false }
    });
    let steps = (1..=9_u64).prop_map(move |step| {
        let values = (min..=max).filter(|value| (value - min).is_multiple_of(step)).collect();
        Item { text: format!("*/{step}"), values, star: true }
    });
    prop_oneof![3 => all, 2 => one, 1 => range, 1 => open, 1 => steps]
}

fn list(min: u64, max: u64) -> impl Strategy<Value = Item> {
    proptest::collection::vec(item(min, max), 1..3).prop_map(|items| Item {
        text: items.iter().map(|item| item.text.as_str()).collect::<Vec<_>>().join(","),
        values: items.iter().flat_map(|item| item.values.clone()).collect(),
        star: items.iter().any(|item| item.star),
    })
}

proptest! {
    // Each case counts up to a day's seconds or five years' days.
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn the_time_of_day_is_that_of_a_stopwatch(
        (second, minute, hour) in (list(0, 59), list(0, 59), list(0, 23)),
        start in 0..DAY,
    ) {
        let cron = Cron::parse(&format!("{} {} {} * *", second.text, minute.text, hour.text)).unwrap();
        let begin = Time::SIM_START + Duration::from_secs(start);
        let expected = (1..=DAY).find(|passed| {
            let clock = (start + passed) % DAY;
            second.values.contains(&(clock % 60))
                && minute.values.contains(&(clock / 60 % 60))
                && hour.values.contains(&(clock / 3600))
        });
        prop_assert_eq!(cron.next(begin), expected.map(|passed| begin + Duration::from_secs(passed)));
    }

    #[test]
    fn the_day_is_that_of_a_calendar(
        (day, month, weekday) in (list(1, 31), list(1, 12), list(0, 6)),
        skipped in 0..4000_usize,
    ) {
        let cron = Cron::parse(&format!("0 0 12 {} {} {}", day.text, month.text, weekday.text)).unwrap();
        let mut date = Date { year: 2012, month: 1, day: 1, weekday: 0 };
        (0..skipped).for_each(|_| date.advance());
        let begin = time("2012-01-01 12:00:00") + Duration::from_secs(skipped as u64 * DAY);
        let (last, mut expected) = (date.year + 5, None);
        for passed in 1.. {
            date.advance();
            if date.year > last {
                break;
            }
            let (by_day, by_weekday) = (day.values.contains(&date.day), weekday.values.contains(&date.weekday));
            let matches = if day.star || weekday.star { by_day && by_weekday } else { by_day || by_weekday };
            if matches && month.values.contains(&date.month) {
                expected = Some(begin + Duration::from_secs(passed * DAY));
                break;
            }
        }
        prop_assert_eq!(cron.next(begin), expected);
    }

    #[test]
    fn no_text_breaks_it(text in "[@*?/0-9a-z, -]{0,30}") {
        if let Ok(cron) = Cron::parse(&text) {
            prop_assert!(cron.next(Time::SIM_START).is_none_or(|next| next > Time::SIM_START));
        }
    }
}
