//! Everybody at once: two browsers and curl show the card again and again while another program reads it.

use crate::{
    browser::{BOTH, Browser},
    house::{House, policy},
    opensc,
    openssl::curl,
};
use cps_sandbox::card::cards;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Visits of each program.
const VISITS: usize = 6;

/// Somebody who selects and reads on the same reader, past the agent, as long as the others work. How often they did.
fn reads(socket: &std::path::Path, over: &AtomicBool) -> usize {
    let mut times = 0;
    while !over.load(Ordering::Relaxed) || times == 0 {
        // Master file, the card's serial number, and whatever is there.
        let wish = ["--reader", "0", "--send-apdu", "00:A4:00:0C:02:3F:00", "--send-apdu", "00:B0:00:00:08"];
        times += usize::from(opensc::looks(socket, &wish));
    }
    times
}

/// Another program of the person takes the card's power away, past the agent.
fn resets(socket: &std::path::Path) {
    assert!(opensc::looks(socket, &["--reader", "0", "--reset"]), "nobody else uses the card");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_by_another_program_is_exactly_one_more_prompt_and_no_failed_page() {
    for (card, tls13) in [(cards::doctor_cps3(), false), (cards::doctor_cps4(), true)] {
        let house = House::with(card, tls13).await;
        let socket = house.daemon.socket();
        for prompts in 1..=3 {
            for _ in 0..2 {
                let page = house.runs(&mut curl(&house, tls13));
                assert!(page.contains(house.card.holder().identifier), "{page}");
                assert_eq!(house.pins().len(), prompts, "{:#?}", house.pins());
            }
            assert!(house.card.verified());
            resets(&socket);
            assert!(!house.card.verified(), "the reset took the verified state");
        }
        assert_eq!((house.card.pin_tries_spent(), house.card.tries_left()), (0, 3));
    }
}

/// Says that it is over, also when a test fails.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

async fn looks(mut browser: Browser, house: &House) {
    for visit in 0..VISITS {
        let seen = browser.told(house.look()).await;
        let text = seen["text"].as_str().unwrap_or_default();
        assert!(
            text.contains(house.card.holder().identifier),
            "visit {visit}: {seen}\n{}",
            house.agent.log()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_browsers_and_curl_work_with_one_pin_while_another_program_reads_the_card() {
    let _policy = policy();
    let house = House::with(cards::doctor_cps3(), false).await;
    let mut browsers = Vec::new();
    for kind in BOTH {
        browsers.push(house.browser(kind).await);
    }
    let (over, pages) = (AtomicBool::new(false), AtomicUsize::new(0));
    let socket = house.daemon.socket();
    let reading = std::thread::scope(|scope| {
        let reader = scope.spawn(|| reads(&socket, &over));
        let shell = scope.spawn(|| {
            while !over.load(Ordering::Relaxed) || pages.load(Ordering::Relaxed) < VISITS {
                let page = house.runs(&mut curl(&house, false));
                assert!(page.contains(house.card.holder().identifier), "{page}");
                pages.fetch_add(1, Ordering::Relaxed);
            }
        });
        let ended = Over(&over);
        let runtime = tokio::runtime::Handle::current();
        tokio::task::block_in_place(|| {
            let visits = browsers.into_iter().map(|browser| looks(browser, &house)).collect::<Vec<_>>();
            runtime.block_on(async {
                let mut visits = visits.into_iter();
                tokio::join!(visits.next().expect("Chromium"), visits.next().expect("Firefox"));
            });
        });
        drop(ended);
        shell.join().expect("curl saw every page");
        reader.join().expect("the reader read")
    });
    assert_eq!(house.pins().len(), 1, "{:#?}", house.pins());
    assert_eq!(house.card.pin_tries_spent(), 0);
    println!("two browsers, {} runs of curl, {reading} of opensc-tool: one PIN", pages.into_inner());
}
