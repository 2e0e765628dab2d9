//! The module's requests as programs send them: this one, and another one.

use crate::scene::{Scene, code};
use cps_agent_api::{
    client::Agent as Control,
    pkcs11::{Base64, DecryptRequest, Input, Key, Role, Scheme, SignRequest, Token, Tokens},
    words::Screen,
};
use cps_card::{certificate::Certificate, token};
use cps_sandbox::card::CardHandle;
use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

/// What is signed.
pub const MESSAGE: &[u8] = b"a transcript of a handshake, TEST";

/// Sends one request to a control door and prints status and body; a program that is not this one.
const PYTHON: &str = "
import http.client, socket, sys
door = http.client.HTTPConnection('localhost')
door.sock = socket.socket(socket.AF_UNIX)
door.sock.connect(sys.argv[1])
headers = {'cps-agent-protocol': '1', 'Content-Type': 'application/json', 'Accept-Language': 'en'}
door.request('POST', sys.argv[2], sys.argv[3], headers)
answer = door.getresponse()
print(answer.status)
print(answer.read().decode())
";

/// The executable of this test.
pub fn this_program() -> String {
    let path = std::env::current_exe().expect("a path");
    path.canonicalize().expect("a file").display().to_string()
}

/// The executable of the other program, as the system shows it: what the path finds may be a script that starts it.
pub fn other_program() -> String {
    let asked = std::process::Command::new("python3")
        .args(["-c", "import os; print(os.readlink('/proc/self/exe'), end='')"])
        .output()
        .expect("python3");
    String::from_utf8(asked.stdout).expect("a path")
}

/// SHA-256 of the message.
pub fn digest() -> Vec<u8> {
    ring::digest::digest(&ring::digest::SHA256, MESSAGE).as_ref().to_vec()
}

/// What the module is shown of a card.
pub fn token_of(tokens: Tokens, serial: &str) -> Option<Token> {
    tokens.slots.into_iter().filter_map(|slot| slot.token).find(|token| token.serial == serial)
}

/// The request for a signature of [`MESSAGE`] by its digest.
pub fn request(serial: &str, key: &Key, scheme: Scheme) -> SignRequest {
    SignRequest {
        serial: serial.to_owned(),
        key: key.id.clone(),
        scheme,
        input: Input::Digest,
        data: digest().into(),
        screen: Screen::default(),
    }
}

/// Whether a signature of [`MESSAGE`] is this key's.
pub fn fits(key: &Key, scheme: Scheme, signature: &[u8]) -> bool {
    let scheme = match scheme {
        Scheme::RsaPkcs1 | Scheme::RsaPkcs1Sha256 => token::Scheme::RsaPkcs1Sha256,
        Scheme::RsaPkcs1Sha384 => token::Scheme::RsaPkcs1Sha384,
        Scheme::RsaPkcs1Sha512 => token::Scheme::RsaPkcs1Sha512,
        Scheme::RsaPssSha256 => token::Scheme::RsaPssSha256,
        Scheme::EcdsaP256Sha256 => token::Scheme::EcdsaP256Sha256,
        Scheme::RsaRaw | Scheme::Other => return false,
    };
    let certificate = Certificate::from_der(&key.certificate.0).expect("a certificate");
    certificate.verifies(scheme, MESSAGE, signature)
}

/// The key of a role.
pub fn key_of(token: &Token, role: Role) -> Option<Key> {
    token.keys.iter().find(|key| key.role == role).cloned()
}

impl Scene {
    /// What the module is shown of a card, once it shows it.
    pub async fn shown(&self, card: &CardHandle) -> Token {
        self.until("the token", async |control: &mut Control| {
            token_of(control.pkcs11().await.expect("tokens"), card.serial())
        })
        .await
    }

    /// The authentication key of a card.
    pub async fn authentication_key(&self, card: &CardHandle) -> Key {
        key_of(&self.shown(card).await, Role::Authentication).expect("the key")
    }

    /// Has this program's message signed by a card's authentication key.
    pub async fn program_signs(&self, card: &CardHandle) -> Result<Vec<u8>, String> {
        let key = self.authentication_key(card).await;
        let signature = self.program_asks(&request(card.serial(), &key, Scheme::RsaPkcs1Sha256)).await?;
        assert!(fits(&key, Scheme::RsaPkcs1Sha256, &signature), "another signature");
        Ok(signature)
    }

    /// Sends this program's request.
    pub async fn program_asks(&self, request: &SignRequest) -> Result<Vec<u8>, String> {
        code(self.control().await.pkcs11_sign(request).await).map(|answer| answer.signature.0)
    }

    /// Has a cryptogram deciphered.
    pub async fn program_deciphers(
        &self,
        serial: &str,
        key: Base64,
        data: Vec<u8>,
    ) -> Result<Vec<u8>, String> {
        let request =
            DecryptRequest { serial: serial.to_owned(), key, data: data.into(), screen: Screen::default() };
        code(self.control().await.pkcs11_decrypt(&request).await)
            .map(|answer| zeroize::Zeroizing::<Vec<u8>>::from(answer.plaintext).to_vec())
    }

    /// Has another program's message signed.
    pub async fn other_program_signs(&self, card: &CardHandle) -> Result<Vec<u8>, String> {
        let key = self.authentication_key(card).await;
        let request = request(card.serial(), &key, Scheme::RsaPkcs1Sha256);
        let other = OtherProgram { socket: self.socket(), executable: "python3".into() };
        let signature = other.signs(&request).await?;
        assert!(fits(&key, Scheme::RsaPkcs1Sha256, &signature), "another signature");
        Ok(signature)
    }
}

/// A program that is not this one.
pub struct OtherProgram {
    /// The control door.
    pub socket: PathBuf,
    /// Python, under any name.
    pub executable: PathBuf,
}

impl OtherProgram {
    /// Sends a request. The error is the code of the problem.
    pub async fn signs(&self, request: &SignRequest) -> Result<Vec<u8>, String> {
        let answer = self.posts("/v1/pkcs11/sign", &serde_json::to_string(request).expect("JSON")).await?;
        let signature: Base64 = serde_json::from_value(answer["signature"].clone()).expect("base64");
        Ok(signature.0)
    }

    /// Sends any request.
    pub async fn posts(&self, path: &str, body: &str) -> Result<serde_json::Value, String> {
        let socket: &Path = &self.socket;
        let output = tokio::process::Command::new(&self.executable)
            .args(["-c", PYTHON])
            .args([socket.as_os_str(), path.as_ref(), body.as_ref()])
            .stderr(Stdio::inherit())
            .output()
            .await
            .expect("python3");
        let text = String::from_utf8(output.stdout).expect("text");
        let (status, body) = text.split_once('\n').expect("an answer");
        let answer: serde_json::Value = serde_json::from_str(body).expect("JSON");
        if status == "200" { Ok(answer) } else { Err(answer["code"].as_str().expect("a code").to_owned()) }
    }
}
