//! npm oidc-provider, dressed as Pro Santé Connect, with its fault switch.

use crate::program::Program;
use serde_json::{Value, json};

/// The running provider.
pub struct Upstream {
    program: Program,
    wish: Value,
    events: Vec<Value>,
    /// Issuer.
    pub issuer: String,
}

impl Upstream {
    /// Starts it as `upstream.mjs` is told in its first lines, and waits for its issuer.
    pub fn start(wish: &Value) -> Self {
        let (program, ready) = Program::node("upstream.mjs", wish);
        let issuer = ready["issuer"].as_str().expect("an issuer").to_owned();
        let mut wish = wish.clone();
        wish["ports"] = ready["ports"].clone();
        wish["signing"] = ready["signing"].clone();
        Self { program, wish, events: Vec::new(), issuer }
    }

    /// Kills it and starts it again at the same place, without memory.
    pub fn restart(&mut self) {
        self.kill();
        (self.program, _) = Program::node("upstream.mjs", &self.wish);
    }

    /// The same, with other keys.
    pub fn restart_with_other_keys(&mut self) {
        self.wish["signing"] = Value::Null;
        self.restart();
    }

    /// Kills it.
    pub fn kill(&mut self) {
        self.program.kill();
    }

    /// Turns a fault of the protocol on; it stays until the next call.
    pub fn fault(&mut self, name: &str) {
        self.order(&json!({ "fault": name }));
    }

    /// Turns a fault of the wire on, at one endpoint.
    pub fn fault_at(&mut self, name: &str, endpoint: &str) {
        self.order(&json!({ "fault": name, "at": endpoint }));
    }

    /// Turns the fault off.
    pub fn heal(&mut self) {
        self.order(&json!({ "fault": null }));
    }

    /// What it told since it was last asked.
    pub fn events(&mut self) -> Vec<Value> {
        self.order(&json!({}));
        std::mem::take(&mut self.events)
    }

    /// Gives an order and waits until it is carried out.
    pub fn order(&mut self, order: &Value) {
        self.program.write(order);
        loop {
            let answer = self.program.read();
            if answer["done"] == true {
                return;
            }
            assert!(answer["error"].is_null(), "{order}: {}", answer["error"]);
            self.events.push(answer);
        }
    }
}
