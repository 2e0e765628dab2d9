//! Relying parties that nobody here wrote, each with the browser of its user.

use crate::{
    program::Program,
    scene::{Scene, application},
};
use cps_agent_api::words::Client;
use serde_json::{Value, json};
use std::net::TcpListener;

/// Where the browser ends up after a logout. Nobody listens there.
const AFTER: &str = "http://127.0.0.1:4998/after";
/// Where an application waits for its code. The judge takes the address of the redirect and never opens it.
const REDIRECT: &str = "http://127.0.0.1:4999/callback";

/// A relying party.
pub struct Party {
    program: Program,
}

impl Party {
    /// npm openid-client.
    pub async fn openid_client(scene: &mut Scene, client: Client) -> Self {
        Self::with_receiver(scene, client, |wish| Program::node("relying-party.mjs", wish)).await
    }

    /// Authlib (Python).
    pub async fn authlib(scene: &mut Scene, client: Client) -> Self {
        Self::with_receiver(scene, client, |wish| Program::python("relying_party.py", wish)).await
    }

    /// npm openid-client with a secret that is not its own.
    pub async fn impostor(scene: &mut Scene, client: Client) -> Self {
        Self::with_receiver(scene, client, |wish| {
            let mut wish = wish.clone();
            wish["clientSecret"] = "another".into();
            Program::node("relying-party.mjs", &wish)
        })
        .await
    }

    async fn with_receiver(scene: &mut Scene, client: Client, start: fn(&Value) -> (Program, Value)) -> Self {
        let receiver = free_port();
        let client = Client {
            redirect_uris: vec![REDIRECT.to_owned()],
            post_logout_redirect_uris: vec![AFTER.to_owned()],
            backchannel_logout_uri: Some(format!("http://127.0.0.1:{receiver}/logout")),
            ..client
        };
        let registered = scene.register(&client).await;
        let mut wish = json!({
            "issuer": registered.issuer, "clientId": registered.client_id, "redirectUri": REDIRECT,
            "postLogoutRedirectUri": AFTER, "receiver": receiver,
        });
        if let Some(secret) = registered.client_secret {
            wish["clientSecret"] = secret.into();
        }
        let (program, _) = start(&wish);
        Self { program }
    }

    /// Apache with mod_auth_openidc.
    pub async fn apache(scene: &mut Scene) -> Self {
        let port = free_port();
        let folder = scene.folder().join("apache");
        std::fs::create_dir(&folder).expect("a folder");
        let client = Client {
            redirect_uris: vec![format!("http://127.0.0.1:{port}/callback")],
            post_logout_redirect_uris: vec![AFTER.to_owned()],
            backchannel_logout_uri: Some(format!("http://127.0.0.1:{port}/callback?logout=backchannel")),
            ..application("apache", true, "RS256")
        };
        let registered = scene.register(&client).await;
        let (program, _) = Program::node(
            "apache.mjs",
            &json!({
                "issuer": registered.issuer, "clientId": registered.client_id, "clientSecret": registered.client_secret,
                "port": port, "folder": folder, "asRoot": rustix::process::geteuid().is_root(),
            }),
        );
        Self { program }
    }

    /// Asks for something; the text of a refusal.
    pub fn try_ask(&mut self, what: &str) -> Result<Value, String> {
        self.try_order(&json!({ "do": what }))
    }

    fn try_order(&mut self, order: &Value) -> Result<Value, String> {
        self.program.write(order);
        let mut answer = self.program.read();
        match answer["refused"].as_str() {
            Some(refused) => Err(refused.to_owned()),
            None => Ok(answer["answer"].take()),
        }
    }

    /// Asks for something that must succeed.
    pub fn ask(&mut self, what: &str, scene: &Scene) -> Value {
        self.try_ask(what).unwrap_or_else(|refused| panic!("{what}: {refused}\n{}", scene.agent.log()))
    }

    /// Logs out, from the application's side.
    pub fn logout(&mut self, scene: &Scene) -> Value {
        self.try_order(&json!({ "do": "logout", "after": AFTER }))
            .unwrap_or_else(|refused| panic!("logout: {refused}\n{}", scene.agent.log()))
    }
}

/// A port that is free now. Programs that cannot listen on port 0 and say which they got need one.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port()
}
