//! The scripted desk's part of the person's page, with somebody hostile in every place where text may be foreign.

use super::fake::{EVIL, FakeDesk, PORT};
use crate::serve::{
    desk::{Caller, Desk as _},
    portal::desk::{Application, Pin, PortalDesk, Program, Standing},
};
use cps_agent_api::words;
use cps_agent_core::{
    audit::activity::{Activity, Reader},
    failure::Failure,
    identity::UnixTime,
    portal::View,
    secret::Secret,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
};

impl PortalDesk for FakeDesk {
    fn portal_link(&self, caller: &Caller, view: View) -> Result<words::Portal, Failure> {
        self.note(format!("link {view:?} by {:?}", caller.program));
        let url = format!("http://127.0.0.1:{PORT}/portal/open/once");
        Ok(words::Portal { url, expires_in: 60 })
    }
    fn portal_open(&self, _: &Caller, link: &str) -> Option<(Secret, View)> {
        self.note(format!("open {link}"));
        let view = match link {
            "once" => View::State,
            "help" => View::Diagnosis,
            _ => return None,
        };
        Some((Secret::new("p1".to_owned()), view))
    }
    fn portal_lives(&self, page: &str, looked_at: bool) -> bool {
        match page {
            "p1" => !self.over.load(Ordering::Relaxed),
            // A tab that nobody looks at.
            "tab" => !looked_at,
            // A page that ends while what it shows is gathered.
            "brief" => !self.over.swap(true, Ordering::Relaxed),
            _ => false,
        }
    }
    async fn portal_standing(&self, caller: &Caller, _: bool) -> Standing {
        self.note("cards are asked");
        let application =
            |id: &str, token| Application { id: id.to_owned(), name: format!("Dossier {id}"), token };
        Standing {
            status: self.status(caller),
            pins: BTreeMap::from([("12345678".to_owned(), Pin { left: Some(2) })]),
            applications: vec![application("dpi", None), application(EVIL, Some(UnixTime(90)))],
            remaining: vec![application("gone", Some(UnixTime(90)))],
            programs: vec![Program {
                path: format!("/usr/bin/{EVIL}"),
                card: "12345678".to_owned(),
                said: Some(true),
                served: Some((UnixTime(0), 3)),
            }],
            kept: false,
        }
    }
    async fn portal_activity(&self) -> Result<Arc<Activity>, Failure> {
        let mut reader = Reader::new(UnixTime(0), |moment: UnixTime| moment.0.div_euclid(86_400));
        let evil = EVIL.replace('"', "\\\"");
        for line in [
            format!(
                "{{\"time\":0,\"event\":\"{evil}\",\"result\":\"refused\",\"code\":\"{evil}\",\"program\":\"{evil}\"}}"
            ),
            "{\"time\":0,\"event\":\"login\",\"result\":\"done\",\"way\":\"card\",\"person\":\"899799999999\"}"
                .to_owned(),
        ] {
            reader.line(line.as_bytes());
        }
        Ok(Arc::new(reader.finish()))
    }
    fn portal_disconnect(&self, _: &Caller, client: &str) -> bool {
        self.note(format!("disconnect {client}"));
        true
    }
}
