//! The promises of the two doors, refusals first. The desk behind them is a scripted one; the connection is real HTTP
//! over a pipe in memory, so that a test can send what no library would.

mod api;
mod control;
mod document;
mod fake;
mod fake_portal;
mod live;
mod logout;
mod pages;
mod patience;
mod portal;
mod provider;
mod stranger;
mod web_pages;
