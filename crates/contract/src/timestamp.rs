//! `google.protobuf.Timestamp` that writes JSON as the protobuf specification has it.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

const SECONDS_PER_DAY: i64 = 86_400;
/// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z: the first and the last second that JSON can say.
const FIRST_AND_LAST: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

/// A point in time, in UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, prost::Message)]
pub struct Timestamp {
    /// Seconds since 1970.
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    /// Nanoseconds after the second, never negative.
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}

/// Text that is not an RFC 3339 time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidTimestamp;

impl fmt::Display for InvalidTimestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("not an RFC 3339 time between the years 1 and 9999")
    }
}

impl std::error::Error for InvalidTimestamp {}

impl prost::Name for Timestamp {
    const NAME: &'static str = "Timestamp";
    const PACKAGE: &'static str = "google.protobuf";
}

impl Timestamp {
    /// The time that is so many microseconds after 1970.
    #[must_use]
    pub fn from_unix_micros(micros: i64) -> Self {
        let nanos = i32::try_from(micros.rem_euclid(1_000_000)).unwrap_or_default() * 1_000;
        Self { seconds: micros.div_euclid(1_000_000), nanos }
    }

    /// The time in UTC, with as many digits as it needs: none, three, six or nine behind the second. One that RFC 3339
    /// cannot say is spelled as the nearest second that it can.
    pub(crate) fn spelled(&self) -> Spelled {
        let seconds = self.seconds.clamp(*FIRST_AND_LAST.start(), *FIRST_AND_LAST.end());
        let (year, month, day) = date(seconds.div_euclid(SECONDS_PER_DAY));
        let second = seconds.rem_euclid(SECONDS_PER_DAY).unsigned_abs();
        let mut text = Spelled { bytes: [0; Spelled::LONGEST], length: 0 };
        text.put(b'Z');
        let nanos = if seconds == self.seconds { u64::from(self.nanos.unsigned_abs()) } else { 0 };
        let (fraction, digits) = match nanos {
            nanos if nanos % 1_000_000 == 0 => (nanos / 1_000_000, 3),
            nanos if nanos % 1_000 == 0 => (nanos / 1_000, 6),
            nanos => (nanos, 9),
        };
        if nanos > 0 {
            text.digits(fraction, digits);
            text.put(b'.');
        }
        let parts = [(second % 60, b':'), (second / 60 % 60, b':'), (second / 3_600, b'T')];
        let date = [(day.unsigned_abs(), b'-'), (month.unsigned_abs(), b'-')];
        for (number, separator) in parts.into_iter().chain(date) {
            text.digits(number, 2);
            text.put(separator);
        }
        text.digits(year.unsigned_abs(), 4);
        text
    }

    /// Microseconds since 1970; what is finer is cut off.
    #[must_use]
    pub fn unix_micros(&self) -> i64 {
        self.seconds.saturating_mul(1_000_000).saturating_add(i64::from(self.nanos) / 1_000)
    }
}

/// A time in RFC 3339, where it was written.
pub(crate) struct Spelled {
    bytes: [u8; Self::LONGEST],
    length: usize,
}

impl Spelled {
    /// `9999-12-31T23:59:59.999999999Z`
    const LONGEST: usize = 30;

    /// Puts digits in front of what is there already: it is written from its end.
    fn digits(&mut self, mut number: u64, count: usize) {
        for _ in 0..count {
            self.put(b'0' + u8::try_from(number % 10).unwrap_or_default());
            number /= 10;
        }
    }

    fn put(&mut self, byte: u8) {
        self.length += 1;
        self.bytes[Self::LONGEST - self.length] = byte;
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[Self::LONGEST - self.length..]
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let micros = |duration: Duration| i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        match time.duration_since(UNIX_EPOCH) {
            Ok(after) => Self::from_unix_micros(micros(after)),
            Err(before) => Self::from_unix_micros(-micros(before.duration())),
        }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.spelled().as_str())
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        parse(text).filter(|time| FIRST_AND_LAST.contains(&time.seconds)).ok_or(InvalidTimestamp)
    }
}

fn parse(text: &str) -> Option<Timestamp> {
    let (date, rest) = text.split_at_checked(10)?;
    let (time, rest) = rest.strip_prefix(['T', 't'])?.split_at_checked(8)?;
    let zone = rest.find(['Z', 'z', '+', '-'])?;
    let (fraction, zone) = rest.split_at(zone);
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
    let offset = match zone.as_bytes() {
        b"Z" | b"z" => 0,
        [sign, ..] => {
            let [hours, minutes] = numbers(&zone[1..], ':', [2, 2])?;
            let offset = (hours < 24 && minutes < 60).then_some(hours * 3_600 + minutes * 60)?;
            if *sign == b'-' { -offset } else { offset }
        }
        [] => return None,
    };
    let days = days(year, month, day);
    let exists = self::date(days) == (year, month, day) && hour < 24 && minute < 60 && second < 60;
    exists.then_some(Timestamp {
        seconds: days * SECONDS_PER_DAY + hour * 3_600 + minute * 60 + second - offset,
        nanos: nanos(fraction)?,
    })
}

fn nanos(fraction: &str) -> Option<i32> {
    if fraction.is_empty() {
        return Some(0);
    }
    let digits = fraction.strip_prefix('.')?;
    let fits = (1..=9).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| format!("{digits:0<9}").parse().ok()).flatten()
}

fn numbers<const COUNT: usize>(text: &str, separator: char, widths: [usize; COUNT]) -> Option<[i64; COUNT]> {
    let mut numbers = [0; COUNT];
    let mut parts = text.split(separator);
    for (number, width) in numbers.iter_mut().zip(widths) {
        let part = parts.next()?;
        let fits = part.len() == width && part.bytes().all(|byte| byte.is_ascii_digit());
        *number = fits.then(|| part.parse().ok()).flatten()?;
    }
    parts.next().is_none().then_some(numbers)
}

/// The civil date of a day since 1970 (Howard Hinnant's `civil_from_days`).
fn date(day: i64) -> (i64, i64, i64) {
    let day = day + 719_468;
    let (era, day_of_era) = (day.div_euclid(146_097), day.rem_euclid(146_097));
    let year = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

/// The day since 1970 of a civil date (`days_from_civil`).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let shifted = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * shifted + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_prints_with_a_z_and_only_the_digits_it_needs() {
        let print = |seconds, nanos| Timestamp { seconds, nanos }.to_string();
        assert_eq!(print(0, 0), "1970-01-01T00:00:00Z");
        assert_eq!(print(951_782_399, 1_000_000), "2000-02-28T23:59:59.001Z");
        assert_eq!(print(951_782_400, 1_000), "2000-02-29T00:00:00.000001Z");
        assert_eq!(print(-1, 1), "1969-12-31T23:59:59.000000001Z");
        assert_eq!(print(*FIRST_AND_LAST.start(), 0), "0001-01-01T00:00:00Z");
        assert_eq!(print(*FIRST_AND_LAST.end(), 999_999_999), "9999-12-31T23:59:59.999999999Z");
        assert_eq!(print(i64::MAX, 1), "9999-12-31T23:59:59Z");
        assert_eq!(print(i64::MIN, 1), "0001-01-01T00:00:00Z");
    }

    #[test]
    fn a_printed_time_reads_back() {
        for micros in [0, 1, -1, 1_763_805_600_123_456, -62_135_596_800_000_000] {
            let time = Timestamp::from_unix_micros(micros);
            assert_eq!(time.to_string().parse(), Ok(time));
            assert_eq!(time.unix_micros(), micros);
        }
    }

    #[test]
    fn an_offset_is_taken_off_and_nonsense_is_refused() {
        assert_eq!("1970-01-01T01:30:00+01:30".parse(), Ok(Timestamp { seconds: 0, nanos: 0 }));
        let nonsense = [
            "",
            "1970-01-01",
            "1970-01-01T00:00:00",
            "1970-02-30T00:00:00Z",
            "1970-01-01T24:00:00Z",
            "1970-01-01T00:00:00.Z",
            "1970-01-01T00:00:00.1234567890Z",
            "+970-01-01T00:00:00Z",
            "1970-01-01T00:00:00Zx",
            "0000-12-31T23:59:59Z",
            "1970-01-01T00:00:00é",
        ];
        for text in nonsense {
            assert_eq!(text.parse::<Timestamp>(), Err(InvalidTimestamp), "{text}");
        }
    }
}
