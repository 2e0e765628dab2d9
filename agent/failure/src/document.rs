//! The table as a page of the documentation, one for each language.

use super::{Code, Language, SUBJECTS};

fn entry(code: Code, language: Language) -> String {
    let (line, colon, help) = match language {
        Language::French => (code.line(), "\u{a0}:", "Qui peut aider"),
        Language::English => (code.line(), ":", "Who can help"),
    };
    let text = line.text(language);
    let who = line.help.who(language);
    format!("### `{}`\n\n**{}**\n{}\n{help}{colon} {who}.\n\n", line.code, text.what, text.next)
}

/// The whole table as Markdown. Words in braces stand for what is known when it happens.
#[must_use]
pub fn document(language: Language) -> String {
    let mut page = match language {
        Language::French => "# Ce qui peut ne pas aller\n\n\
            Chaque message de l’agent, de sa page, de son icône et de la commande `cps` porte un de ces codes.\n\
            Les mots entre accolades sont remplacés par ce qui est connu au moment du message.\n\n\
            Page faite par `cps-sandbox failures --language fr`\u{a0}: ne la modifiez pas à la main.\n\n"
            .to_owned(),
        Language::English => "# What can go wrong\n\n\
            Each message of the agent, of its page, of its icon and of the command `cps` has one of these codes.\n\
            Words in braces are replaced by what is known at the time of the message.\n\n\
            Made by `cps-sandbox failures --language en`: do not edit this page.\n\n"
            .to_owned(),
    };
    for subject in SUBJECTS {
        let heading = match language {
            Language::French => subject.french,
            Language::English => subject.english,
        };
        page.push_str(&format!("## {heading}\n\n"));
        page.extend(subject.codes.iter().map(|code| entry(*code, language)));
    }
    format!("{}\n", page.trim_end())
}
