//! Programs at the PKCS#11 module: which of them may have a key used, which are asked for, and what the person said.
//!
//! A program is known by the path of its executable. That helps the person and the audit trail and is no barrier: whoever
//! runs as this user can run any program (README, "What is defended").

use super::Reason;
use std::collections::BTreeMap;

/// What the kernel writes behind the path of an executable that is not there any more (proc(5)).
const DELETED: &str = " (deleted)";
/// Most programs that are remembered for one card.
const MOST_REMEMBERED: usize = 256;

/// `[pkcs11] default` and the values of `[pkcs11.programs]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rule {
    /// The person is asked, once for each card that is kept verified.
    #[default]
    Ask,
    /// The program needs nobody's consent; the card may still want its PIN.
    Allow,
    /// Never.
    Deny,
}

/// What a program wants of the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// A signature by the authentication key.
    Authentication,
    /// A signature by the signature key.
    Signature,
    /// A decipherment, or RSA itself, which is the same.
    Decipherment,
}

impl Wish {
    /// The word of the audit trail.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Authentication => "authentication",
            Self::Signature => "signature",
            Self::Decipherment => "decipherment",
        }
    }

    /// The person gives the PIN for each single one.
    #[must_use]
    pub fn each_time(self) -> bool {
        self != Self::Authentication
    }
}

/// `[pkcs11]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Programs {
    /// For programs without a rule of their own, and those whose path the system does not tell.
    pub default: Rule,
    /// Rules by the path of the executable.
    pub rules: BTreeMap<String, Rule>,
    /// The signature key is offered.
    pub signature_key: bool,
    /// Decipherment is offered.
    pub decrypt: bool,
}

/// A yes of the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// None is needed, or it was given.
    Given,
    /// The person is to be asked; a PIN prompt that names the program asks too.
    Needed,
}

impl Programs {
    /// Whether this is offered at all.
    #[must_use]
    pub fn offers(&self, wish: Wish) -> bool {
        match wish {
            Wish::Authentication => true,
            Wish::Signature => self.signature_key,
            Wish::Decipherment => self.decrypt,
        }
    }

    /// Whether a program may have this, given what the person `said` of it before.
    ///
    /// # Errors
    /// The reason why not.
    pub fn may(&self, program: Option<&str>, wish: Wish, said: Option<bool>) -> Result<Consent, Reason> {
        if !self.offers(wish) {
            return Err(Reason::KeyNotOffered);
        }
        match (self.rule(program), said) {
            (Rule::Deny, _) => Err(Reason::ProgramDenied),
            (Rule::Ask, Some(false)) => Err(Reason::ProgramRefused),
            (Rule::Ask, None) => Ok(Consent::Needed),
            (Rule::Allow, _) | (Rule::Ask, Some(true)) => Ok(Consent::Given),
        }
    }
}

impl Programs {
    /// The rule for a program. A path whose file was replaced while the program runs (as an update does) is another one,
    /// and still as denied as before.
    fn rule(&self, program: Option<&str>) -> Rule {
        let of = |path: &str| self.rules.get(path).copied();
        let replaced = || of(program?.strip_suffix(DELETED)?).filter(|rule| *rule == Rule::Deny);
        program.and_then(of).or_else(replaced).unwrap_or(self.default)
    }
}

/// What the person said of programs, for one card as long as it is kept verified.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answers(BTreeMap<String, bool>);

impl Answers {
    /// What was said of a program.
    #[must_use]
    pub fn of(&self, program: &str) -> Option<bool> {
        self.0.get(program).copied()
    }

    /// All of them, by program.
    pub fn all(&self) -> impl Iterator<Item = (&str, bool)> {
        self.0.iter().map(|(program, yes)| (program.as_str(), *yes))
    }

    /// Remembers an answer. Beyond what is remembered a yes is forgotten, and its program asked for again; a no stays.
    pub fn remember(&mut self, program: &str, yes: bool) {
        if self.0.len() >= MOST_REMEMBERED && !self.0.contains_key(program) {
            let room = self.0.iter().find(|(_, yes)| **yes).map(|(program, _)| program.clone());
            let Some(room) = room.filter(|_| !yes) else { return };
            self.0.remove(&room);
        }
        self.0.insert(program.to_owned(), yes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BROWSER: Option<&str> = Some("/usr/bin/firefox");

    fn programs(default: Rule, rule: Option<Rule>) -> Programs {
        let rules = rule.map(|rule| ("/usr/bin/firefox".to_owned(), rule)).into_iter().collect();
        Programs { default, rules, ..Programs::default() }
    }

    #[test]
    fn a_denied_program_gets_nothing_whatever_the_person_said() {
        for said in [None, Some(true), Some(false)] {
            let denied = programs(Rule::Allow, Some(Rule::Deny)).may(BROWSER, Wish::Authentication, said);
            assert_eq!(denied, Err(Reason::ProgramDenied));
            let denied = programs(Rule::Deny, None).may(None, Wish::Authentication, said);
            assert_eq!(denied, Err(Reason::ProgramDenied));
        }
    }

    #[test]
    fn signature_key_and_decipherment_are_off_unless_switched_on() {
        for wish in [Wish::Signature, Wish::Decipherment] {
            let asked = programs(Rule::Allow, None).may(BROWSER, wish, Some(true));
            assert_eq!(asked, Err(Reason::KeyNotOffered), "{wish:?}");
        }
        let on = Programs { signature_key: true, ..programs(Rule::Ask, None) };
        assert_eq!(on.may(BROWSER, Wish::Signature, None), Ok(Consent::Needed));
        assert_eq!(on.may(BROWSER, Wish::Decipherment, None), Err(Reason::KeyNotOffered));
    }

    #[test]
    fn a_no_of_the_person_stands_and_a_yes_spares_the_question() {
        let ask = programs(Rule::Allow, Some(Rule::Ask));
        let may = |said| ask.may(BROWSER, Wish::Authentication, said);
        assert_eq!(may(Some(false)), Err(Reason::ProgramRefused));
        assert_eq!(may(None), Ok(Consent::Needed));
        assert_eq!(may(Some(true)), Ok(Consent::Given));
    }

    #[test]
    fn another_path_is_another_program() {
        let allowed = programs(Rule::Ask, Some(Rule::Allow));
        assert_eq!(allowed.may(BROWSER, Wish::Authentication, None), Ok(Consent::Given));
        for other in [Some("/usr/bin/firefox (deleted)"), Some("/tmp/usr/bin/firefox"), None] {
            assert_eq!(allowed.may(other, Wish::Authentication, None), Ok(Consent::Needed), "{other:?}");
        }
    }

    #[test]
    fn a_denied_program_stays_denied_when_its_file_is_replaced_while_it_runs() {
        let denied = programs(Rule::Allow, Some(Rule::Deny));
        let may = |path| denied.may(Some(path), Wish::Authentication, None);
        assert_eq!(may("/usr/bin/firefox (deleted)"), Err(Reason::ProgramDenied));
        assert_eq!(may("/usr/bin/firefox (deleted) (deleted)"), Ok(Consent::Given), "another path");
    }

    #[test]
    fn answers_do_not_grow_without_end() {
        let mut answers = Answers::default();
        for number in 0..2 * MOST_REMEMBERED {
            answers.remember(&number.to_string(), true);
        }
        answers.remember("0", false);
        assert_eq!(answers.of("0"), Some(false));
        assert_eq!(answers.of(&MOST_REMEMBERED.to_string()), None);
        answers.remember("one more", false);
        assert_eq!(answers.of("one more"), Some(false), "a no is not asked for again");
        assert_eq!(answers.0.len(), MOST_REMEMBERED);
        for number in 0..MOST_REMEMBERED {
            answers.remember(&number.to_string(), false);
        }
        assert_eq!(answers.of("one more"), Some(false), "nor does a no push out a no");
        assert_eq!(answers.0.len(), MOST_REMEMBERED);
    }
}
