//! A picture of cost against depth and against length: two charts, logarithmic both ways.

use std::fmt::Write as _;

use serde::Serialize;

/// A line of a chart: messages, and microseconds.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) points: Vec<(i64, f64)>,
}

const COLOURS: [&str; 4] = ["#1b6ca8", "#2a9d5c", "#c8452f", "#7a4fa3"];

/// Size of a chart, and the room for its labels.
const WIDTH: f64 = 420.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 64.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 46.0;
const LEGEND: f64 = 20.0;

/// Both charts, as SVG.
pub(crate) fn draw(by_depth: &[Series], by_length: &[Series]) -> String {
    let most = by_depth.len().max(by_length.len()).max(1);
    #[expect(clippy::cast_precision_loss, reason = "a few lines")]
    let height = TOP + HEIGHT + BOTTOM + LEGEND * (most as f64 + 1.0);
    let width = 2.0 * (WIDTH + LEFT) + 40.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n"
    );
    chart(&mut svg, LEFT, "Page of 50 by depth in the longest chat", "messages above the page", by_depth);
    chart(
        &mut svg,
        2.0 * LEFT + WIDTH,
        "Middle page of 50 by length of the chat",
        "messages in the chat",
        by_length,
    );
    svg.push_str("</svg>\n");
    svg
}

/// Maps a decade to a place.
struct Axis {
    lowest: f64,
    decades: f64,
    length: f64,
}

impl Axis {
    fn over(values: impl Iterator<Item = f64> + Clone, length: f64) -> Self {
        let lowest = values.clone().fold(f64::INFINITY, f64::min).log10().floor();
        let highest = values.fold(1e-9, f64::max).log10().ceil();
        Self { lowest, decades: (highest - lowest).max(1.0), length }
    }

    fn place(&self, value: f64) -> f64 {
        (value.log10() - self.lowest) / self.decades * self.length
    }

    fn ticks(&self) -> impl Iterator<Item = f64> {
        #[expect(clippy::cast_possible_truncation, reason = "a few decades")]
        let (first, last) = (self.lowest as i32, (self.lowest + self.decades) as i32);
        (first..=last).map(|decade| 10_f64.powi(decade))
    }
}

fn chart(svg: &mut String, left: f64, title: &str, below: &str, all: &[Series]) {
    let points = || all.iter().flat_map(|series| series.points.iter().copied());
    if points().next().is_none() {
        return;
    }
    #[expect(clippy::cast_precision_loss, reason = "at most a million")]
    let x_axis = Axis::over(points().map(|(messages, _)| messages as f64), WIDTH);
    let y_axis = Axis::over(points().map(|(_, micros)| micros), HEIGHT);
    let base = TOP + HEIGHT;
    text(svg, left + WIDTH / 2.0, TOP - 16.0, "middle", title);
    text(svg, left + WIDTH / 2.0, base + 36.0, "middle", below);
    for tick in x_axis.ticks() {
        let x = left + x_axis.place(tick);
        line(svg, [(x, TOP), (x, base)]);
        text(svg, x, base + 16.0, "middle", &label(tick));
    }
    for tick in y_axis.ticks() {
        let y = base - y_axis.place(tick);
        line(svg, [(left, y), (left + WIDTH, y)]);
        text(svg, left - 6.0, y + 4.0, "end", &format!("{} µs", label(tick)));
    }
    for ((series, colour), nth) in all.iter().zip(COLOURS).zip(1_u8..) {
        let mut path = String::new();
        for (messages, micros) in &series.points {
            #[expect(clippy::cast_precision_loss, reason = "at most a million")]
            let (x, y) = (left + x_axis.place(*messages as f64), base - y_axis.place(*micros));
            let _ = write!(path, "{x:.1},{y:.1} ");
            let _ = writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>");
        }
        let path = path.trim_end();
        let _ = writeln!(
            svg,
            "<polyline points=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>"
        );
        let y = base + BOTTOM + LEGEND * f64::from(nth) - 8.0;
        let _ = writeln!(
            svg,
            "<rect x=\"{left}\" y=\"{}\" width=\"12\" height=\"4\" fill=\"{colour}\"/>",
            y - 6.0
        );
        text(svg, left + 20.0, y, "start", &series.name);
    }
}

fn line(svg: &mut String, [(x1, y1), (x2, y2)]: [(f64, f64); 2]) {
    let _ = writeln!(
        svg,
        "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"#dddddd\"/>"
    );
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, text: &str) {
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"#222222\">{text}</text>"
    );
}

/// A power of ten as people write it.
fn label(tick: f64) -> String {
    if tick >= 999_999.0 {
        format!("{:.0}M", tick / 1e6)
    } else if tick >= 999.0 {
        format!("{:.0}k", tick / 1e3)
    } else {
        format!("{tick}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decade_is_as_wide_as_any_other() {
        let axis = Axis::over([2.0, 700.0].into_iter(), 300.0);
        assert_eq!(axis.ticks().collect::<Vec<_>>(), [1.0, 10.0, 100.0, 1_000.0]);
        assert!((axis.place(10.0) - 100.0).abs() < 1e-9 && (axis.place(100.0) - 200.0).abs() < 1e-9);
    }

    #[test]
    fn every_series_is_drawn_with_all_of_its_points() {
        let series = |name: &str| Series { name: name.to_owned(), points: vec![(1, 1.5), (1_000, 2.0)] };
        let svg = draw(&[series("one"), series("two")], &[series("three")]);
        assert_eq!((svg.matches("<polyline").count(), svg.matches("<circle").count()), (3, 6));
        assert!(["one", "two", "three"].iter().all(|name| svg.contains(&format!(">{name}<"))));
        assert!(draw(&[], &[]).ends_with("</svg>\n"));
    }
}
