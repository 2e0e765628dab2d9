//! The conversation over pipes, with a window that a script answers.

use super::*;
use crate::{NoAnswer, Question, Secret};
use std::io::{PipeReader, PipeWriter, pipe};

/// Answers each question with the next of these, or stays open until whoever asked is gone.
struct Scripted(Vec<&'static str>);

impl Window for Scripted {
    fn secret(&mut self, _: &Question, asker: &Asker) -> Result<Secret, NoAnswer> {
        if self.0.is_empty() {
            asker.wait_until_gone();
            assert!(asker.is_gone());
            return Err(NoAnswer::Withdrawn);
        }
        Ok(Secret::from_text(self.0.remove(0)))
    }

    fn consent(&mut self, _: &Question, _: &Asker) -> Result<(), NoAnswer> {
        Err(NoAnswer::Declined)
    }
}

fn whole(input: &'static [u8], answers: &[&'static str]) -> String {
    let mut output = Vec::new();
    serve(input, &mut output, &mut Scripted(answers.to_vec())).expect("spoken to the end");
    String::from_utf8(output).expect("text")
}

#[test]
fn a_question_goes_away_with_whoever_asked_it() {
    let (input, mut client): (PipeReader, PipeWriter) = pipe().expect("a pipe");
    let prompter = thread::spawn(move || {
        let mut output = Vec::new();
        serve(input, &mut output, &mut Scripted(Vec::new())).expect("no answer is owed");
        output
    });
    client.write_all(b"SETDESC x\nGETPIN\n").expect("written");
    drop(client);
    assert_eq!(prompter.join().expect("it ends"), b"OK cps-prompter\nOK\n");
}

#[test]
fn noise_gets_refusals_and_ends_nothing() {
    let noise: &'static [u8] =
        Box::leak([&[0xFF; 5000][..], b"\n\n\0\nGETPIN\nBYE\nNOP\n"].concat().into_boxed_slice());
    assert_eq!(
        whole(noise, &[]),
        "OK cps-prompter\nERR 83886343 Line passed to IPC too long\nERR 83886355 Unknown IPC command\n\
         ERR 83886208 Missing value\nOK closing connection\n"
    );
}

#[test]
fn commands_that_come_all_at_once_are_answered_in_their_order() {
    let mut commands = "NOP\n".repeat(1000);
    commands.push_str("SETDESC x\nGETPIN\nCONFIRM\nGETPIN\n");
    let commands: &'static str = Box::leak(commands.into_boxed_str());
    let said = whole(commands.as_bytes(), &["12%34", "été"]);
    let end = said.trim_start_matches("OK cps-prompter\n").trim_start_matches("OK\n");
    assert_eq!(end, "D 12%2534\nOK\nERR 83886194 Not confirmed\nD été\nOK\n");
    assert_eq!(said.matches("OK\n").count(), 1 + 1000 + 1 + 2 - 1);
}
