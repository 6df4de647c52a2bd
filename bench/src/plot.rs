//! Two kinds of pictures as SVG: bars and lines. Enough for a README, and no dependency.

use std::fmt::Write;

const WIDTH: f64 = 760.0;
const COLOURS: [&str; 4] = ["#3465a4", "#cc6600", "#4e9a06", "#75507b"];

/// Bars to the right, each with its value written behind it.
pub(crate) fn bars(title: &str, unit: &str, bars: &[(String, f64)]) -> String {
    const ROW: f64 = 26.0;
    const LEFT: f64 = 200.0;
    let height = 50.0 + ROW * bars.len() as f64;
    let most = bars.iter().map(|(_, value)| *value).fold(1.0, f64::max);
    let mut svg = head(title, height);
    for (at, (label, value)) in bars.iter().enumerate() {
        let top = 40.0 + ROW * at as f64;
        let length = (WIDTH - LEFT - 130.0) * value / most;
        text(&mut svg, LEFT - 8.0, top + 15.0, "end", label);
        let colour = COLOURS[0];
        element(
            &mut svg,
            format_args!(r#"<rect x="{LEFT}" y="{top:.1}" width="{length:.1}" height="20" fill="{colour}"/>"#),
        );
        text(&mut svg, LEFT + length + 6.0, top + 15.0, "start", &format!("{}{unit}", short(*value)));
    }
    svg + "</svg>\n"
}

/// A line of points, with a name.
pub(crate) struct Line {
    pub(crate) label: String,
    pub(crate) points: Vec<(f64, f64)>,
}

/// Lines over a common axis; both axes begin at 0, so that what looks flat is flat.
pub(crate) fn lines(title: &str, x_unit: &str, y_unit: &str, lines: &[Line]) -> String {
    const LEFT: f64 = 80.0;
    const RIGHT: f64 = WIDTH - 40.0;
    const TOP: f64 = 76.0;
    const BOTTOM: f64 = 320.0;
    let most =
        |of: fn(&(f64, f64)) -> f64| round_up(lines.iter().flat_map(|line| &line.points).map(of).fold(1.0, f64::max));
    let (x_most, y_most) = (most(|point| point.0), most(|point| point.1));
    let mut svg = head(title, 370.0);
    for step in 0..=4 {
        let share = f64::from(step) / 4.0;
        let y = BOTTOM - (BOTTOM - TOP) * share;
        let x = LEFT + (RIGHT - LEFT) * share;
        element(&mut svg, format_args!(r##"<path d="M{LEFT} {y:.1}H{RIGHT}" stroke="#ddd"/>"##));
        text(&mut svg, LEFT - 8.0, y + 4.0, "end", &short(y_most * share));
        text(&mut svg, x, BOTTOM + 18.0, "middle", &short(x_most * share));
    }
    text(&mut svg, LEFT, TOP - 8.0, "start", y_unit);
    text(&mut svg, RIGHT, BOTTOM + 38.0, "end", x_unit);
    for ((line, colour), at) in lines.iter().zip(COLOURS).zip(0u8..) {
        let x = LEFT + f64::from(at) * 215.0;
        element(&mut svg, format_args!(r#"<g fill="{colour}">"#));
        text(&mut svg, x, 46.0, "start", &line.label);
        svg.push_str("</g>");
        let place = |point: &(f64, f64)| {
            let x = LEFT + (RIGHT - LEFT) * point.0 / x_most;
            (x, BOTTOM - (BOTTOM - TOP) * point.1 / y_most)
        };
        let mut path = String::new();
        for point in &line.points {
            let (x, y) = place(point);
            let to = if path.is_empty() { 'M' } else { 'L' };
            element(&mut path, format_args!("{to}{x:.1} {y:.1}"));
            element(&mut svg, format_args!(r#"<circle cx="{x:.1}" cy="{y:.1}" r="3" fill="{colour}"/>"#));
        }
        element(&mut svg, format_args!(r#"<path d="{path}" fill="none" stroke="{colour}" stroke-width="2"/>"#));
    }
    svg + "</svg>\n"
}

fn head(title: &str, height: f64) -> String {
    let mut svg = String::new();
    element(
        &mut svg,
        format_args!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" font-family="sans-serif" font-size="13" fill="#222"><rect width="100%" height="100%" fill="#fff"/>"##
        ),
    );
    element(&mut svg, format_args!(r#"<text x="16" y="24" font-size="15" font-weight="bold">{title}</text>"#));
    svg
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, text: &str) {
    element(svg, format_args!(r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}">{text}</text>"#));
}

/// Writing to memory can't fail.
fn element(svg: &mut String, element: std::fmt::Arguments<'_>) {
    let _in_memory = svg.write_fmt(element);
}

/// A number with few digits that is at least as large.
fn round_up(value: f64) -> f64 {
    let power = 10f64.powf(value.log10().floor());
    [1.0, 1.2, 1.6, 2.0, 2.4, 3.2, 4.0, 5.0, 6.0, 8.0, 10.0]
        .map(|step| step * power)
        .into_iter()
        .find(|bound| *bound >= value)
        .unwrap_or(value)
}

/// A number as people say it.
pub(crate) fn short(value: f64) -> String {
    match value {
        value if value >= 1e6 => format!("{:.2} M", value / 1e6),
        value if value >= 1e3 => format!("{:.1} k", value / 1e3),
        value if value >= 10.0 => format!("{value:.0}"),
        value => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Line, lines, round_up, short};

    #[test]
    fn a_line_ends_where_its_last_point_is() {
        let line = Line { label: "a".to_owned(), points: vec![(0.0, 5.0), (10.0, 10.0)] };
        let svg = lines("title", "x", "y", &[line]);
        assert!(svg.contains(r#"<path d="M80.0 198.0L720.0 76.0""#), "{svg}");
    }

    #[test]
    fn numbers_are_short_and_axes_end_on_round_ones() {
        assert_eq!([0.5, 999.0, 84_320.0, 1_534_000.0].map(short), ["0.50", "999", "84.3 k", "1.53 M"]);
        assert_eq!([3.0, 50.0, 51.0, 99.0].map(round_up), [3.2, 50.0, 60.0, 100.0]);
    }
}
