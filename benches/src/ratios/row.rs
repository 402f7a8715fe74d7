//! What was measured, and whether it is what is demanded.

use serde::Serialize;

/// What is demanded of a median.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Limit {
    /// No less.
    AtLeast(f64),
    /// No more.
    AtMost(f64),
    /// Nothing: to know.
    None,
}

impl Limit {
    fn holds(self, value: f64) -> Option<bool> {
        match self {
            Self::AtLeast(limit) => Some(value >= limit),
            Self::AtMost(limit) => Some(value <= limit),
            Self::None => None,
        }
    }
}

/// The median of some figures, and the quartiles around it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Spread {
    pub(crate) lower: f64,
    pub(crate) median: f64,
    pub(crate) upper: f64,
}

impl Spread {
    pub(crate) fn of(figures: impl IntoIterator<Item = f64>) -> Self {
        let mut figures: Vec<f64> = figures.into_iter().collect();
        figures.sort_by(f64::total_cmp);
        assert!(!figures.is_empty(), "nothing was measured");
        let at = |quarters: usize| {
            let place = (figures.len() - 1) * quarters;
            let (whole, rest) = (place / 4, place % 4);
            let next = figures[(whole + 1).min(figures.len() - 1)];
            #[expect(clippy::cast_precision_loss, reason = "one to three quarters")]
            let share = rest as f64 / 4.0;
            figures[whole] + (next - figures[whole]) * share
        };
        Self { lower: at(1), median: at(2), upper: at(3) }
    }
}

/// A line of the table.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    /// What was measured, and against what.
    pub(crate) what: String,
    pub(crate) limit: Limit,
    /// Of the ratio, or of the figure itself.
    pub(crate) measured: Spread,
    /// Unit of the figure; empty for a ratio.
    pub(crate) unit: &'static str,
    /// The absolute figures behind a ratio, or what else there is to know.
    pub(crate) note: String,
}

impl Row {
    /// Whether it is what is demanded, if anything is.
    pub(crate) fn is_reached(&self) -> Option<bool> {
        self.limit.holds(self.measured.median)
    }

    /// A line of a Markdown table.
    pub(crate) fn markdown(&self) -> String {
        let unit = if self.unit.is_empty() { String::new() } else { format!(" {}", self.unit) };
        let demanded = match self.limit {
            Limit::AtLeast(limit) => format!("≥ {limit}{unit}"),
            Limit::AtMost(limit) => format!("≤ {limit}{unit}"),
            Limit::None => "–".to_owned(),
        };
        let Spread { lower, median, upper } = self.measured;
        let measured = format!("{}{unit} ({}–{})", short(median), short(lower), short(upper));
        let verdict = match self.is_reached() {
            Some(true) => "yes",
            Some(false) => "**no**",
            None => "–",
        };
        format!("| {} | {demanded} | {measured} | {verdict} | {} |", self.what, self.note)
    }
}

/// Three digits that count.
pub(crate) fn short(figure: f64) -> String {
    match figure.abs() {
        size if size >= 100.0 => format!("{figure:.0}"),
        size if size >= 10.0 => format!("{figure:.1}"),
        _ => format!("{figure:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_stands_between_its_quartiles() {
        let spread = Spread::of([5.0, 1.0, 3.0, 2.0, 4.0]);
        assert_eq!(spread, Spread { lower: 2.0, median: 3.0, upper: 4.0 });
        assert_eq!(Spread::of([2.0, 1.0]), Spread { lower: 1.25, median: 1.5, upper: 1.75 });
        assert_eq!(Spread::of([7.0]), Spread { lower: 7.0, median: 7.0, upper: 7.0 });
    }

    #[test]
    fn a_row_says_whether_it_is_reached_by_its_median() {
        let row = |limit, figures: &[f64]| Row {
            what: "a".to_owned(),
            limit,
            measured: Spread::of(figures.iter().copied()),
            unit: "",
            note: "b".to_owned(),
        };
        assert_eq!(row(Limit::AtLeast(2.5), &[2.5]).is_reached(), Some(true));
        assert_eq!(row(Limit::AtLeast(2.5), &[9.0, 2.4, 1.0]).is_reached(), Some(false));
        assert_eq!(row(Limit::AtMost(1.1), &[1.1]).is_reached(), Some(true));
        assert_eq!(row(Limit::AtMost(1.1), &[1.2]).is_reached(), Some(false));
        assert_eq!(row(Limit::None, &[1.2]).is_reached(), None);
        assert_eq!(
            row(Limit::AtMost(1.1), &[1.2]).markdown(),
            "| a | ≤ 1.1 | 1.20 (1.20–1.20) | **no** | b |"
        );
    }
}
