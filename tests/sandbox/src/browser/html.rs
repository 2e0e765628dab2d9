//! The little that the browser reads of a page: where it reloads to, and the forms of the wallet.

use super::Choice;
use std::time::Duration;

/// The `content` of `<meta http-equiv="refresh" content="…">`, attributes in any order.
pub(super) fn meta_refresh(html: &str) -> Option<&str> {
    html.match_indices("<meta").find_map(|(start, _)| {
        let tag = html.get(start..)?.split('>').next()?;
        let refresh = attribute(tag, "http-equiv")?.eq_ignore_ascii_case("refresh");
        refresh.then(|| attribute(tag, "content"))?
    })
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = tag.split_once(&format!("{name}="))?;
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    rest.get(1..)?.split(quote).next()
}

/// `2; url=/login/x` is two seconds and an address; a bare number reloads the same page.
pub(super) fn refresh_target(content: &str) -> (Duration, Option<String>) {
    let (pause, target) = content.split_once(';').unwrap_or((content, ""));
    let target = target.trim();
    let target = target
        .get(..4)
        .filter(|start| start.eq_ignore_ascii_case("url="))
        .and_then(|_| target.get(4..))
        .map(|address| address.trim_matches(['\'', '"']).replace("&amp;", "&"));
    let pause = pause.trim().parse::<f64>().ok().filter(|p| (0.0..=60.0).contains(p)).unwrap_or_default();
    (Duration::from_secs_f64(pause), target)
}

/// How the wallet's page is answered: address, and for a POST the body. `None` where the page has no such form.
pub(super) fn submission(html: &str, choice: &Choice) -> Option<(String, Option<String>)> {
    let id = match choice {
        Choice::Card => "card",
        Choice::Ecps(_) => "ecps",
        Choice::Cancel => "cancel",
    };
    let tag = html.match_indices("<form").find_map(|(start, _)| {
        let tag = html.get(start..)?.split('>').next()?;
        (attribute(tag, "id")? == id).then_some(tag)
    })?;
    let action = attribute(tag, "action")?.replace("&amp;", "&");
    let post = attribute(tag, "method").is_some_and(|method| method.eq_ignore_ascii_case("post"));
    let identifier = match choice {
        Choice::Ecps(identifier) => Some(("identifier", identifier.as_str())),
        Choice::Card | Choice::Cancel => None,
    };
    let values = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(identifier).finish();
    Some((action, post.then_some(values)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meta_refresh_is_found_whatever_the_order_of_its_attributes() {
        let target = |html| meta_refresh(html).map(refresh_target);
        let expected = Some((Duration::from_secs(1), Some("/login/x?a=1&b=2".to_owned())));
        assert_eq!(
            target(
                r#"<meta charset="utf-8"><meta content="1; URL='/login/x?a=1&amp;b=2'" http-equiv="Refresh">"#
            ),
            expected
        );
        assert_eq!(target(r#"<meta http-equiv="refresh" content="1;url=/login/x?a=1&amp;b=2">"#), expected);
        assert_eq!(
            target(r#"<meta http-equiv='refresh' content='2'>"#),
            Some((Duration::from_secs(2), None))
        );
        assert_eq!(target(r#"<meta name="refresh" content="1">"#), None);
    }

    #[test]
    fn a_choice_is_the_form_of_its_name() {
        let page = r#"<form id="card" method="get" action="https://localhost:1/card/x"><button>Carte</button></form>
            <form id="ecps" method="post" action="/auth/ecps/x"><input name="identifier"></form>"#;
        let card = ("https://localhost:1/card/x".to_owned(), None);
        assert_eq!(submission(page, &Choice::Card), Some(card));
        let ecps = ("/auth/ecps/x".to_owned(), Some("identifier=3990990012%2F1".to_owned()));
        assert_eq!(submission(page, &Choice::Ecps("3990990012/1".to_owned())), Some(ecps));
        assert_eq!(submission(page, &Choice::Cancel), None);
    }
}
