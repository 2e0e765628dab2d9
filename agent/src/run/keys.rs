//! The provider's signing keys: made when they are missing, replaced when they are old.
//!
//! A key is used for 90 days ([`cps_agent_core::oidc::keys::MAX_AGE`]); its public half stays published for a day after
//! that. The age is looked at when the agent starts and once an hour.

use super::{StartError, shared::Shared, store::new_rs256};
use cps_agent_core::{
    audit,
    jose::{Algorithm, SigningKey},
};
use std::{sync::Arc, time::Duration};

/// Time between two looks at the keys' age.
const LOOK: Duration = Duration::from_secs(3600);

/// Puts the RSA key in use, making it in the background the first time.
pub(super) fn make(shared: &Arc<Shared>) -> Result<(), StartError> {
    match shared.store.rs256()? {
        Some(key) => use_rsa(shared, key),
        None => make_rsa(shared)?,
    }
    Ok(())
}

/// Replaces keys that are too old, for ever.
pub(super) async fn rotate(shared: &Arc<Shared>) {
    loop {
        for algorithm in shared.decide(|quiet, now| quiet.provider.keys_due(now)) {
            let replaced = match algorithm {
                Algorithm::Es256 => replace_p256(shared),
                Algorithm::Rs256 | Algorithm::Ps256 => make_rsa(shared).map_err(StartError::from),
            };
            if let Err(error) = replaced {
                tracing::error!(%error, "a signing key cannot be replaced: the old one goes on");
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn replace_p256(shared: &Shared) -> Result<(), StartError> {
    let key = shared.store.make_es256()?;
    let kid = key.kid().to_owned();
    shared.decide(|quiet, now| quiet.provider.rotate_es256(key, now))?;
    shared.journal.write(&audit::Event::done(audit::What::SigningKey(kid)));
    // Its thumbprint is the one that local software finds the bridge by.
    shared.publish_bridge();
    Ok(())
}

/// Makes an RSA key on a thread of its own: it takes its time. It is stored and used by the loop, so that a key that comes
/// after the end finds nobody: the state may be another agent's by then.
fn make_rsa(shared: &Arc<Shared>) -> std::io::Result<()> {
    let (made, key) = tokio::sync::oneshot::channel();
    let make = move || drop(made.send(new_rs256()));
    std::thread::Builder::new().name("rsa key".to_owned()).spawn(make)?;
    let kept = Arc::clone(shared);
    shared.runtime.spawn(async move {
        let Ok(made) = key.await else { return };
        match made.and_then(|fresh| kept.store.keep_rs256(&fresh)) {
            Ok(key) => use_rsa(&kept, key),
            Err(error) => tracing::error!(%error, "the RSA key cannot be made"),
        }
    });
    Ok(())
}

fn use_rsa(shared: &Shared, key: SigningKey) {
    let kid = key.kid().to_owned();
    let used = shared.decide(|quiet, now| {
        // From here on its age counts.
        quiet.provider.set_rsa(key, now).map(|()| quiet.provider.keys_due(now))
    });
    match used {
        Ok(_) => {
            shared.journal.write(&audit::Event::done(audit::What::SigningKey(kid)));
            shared.rsa.send_replace(true);
        }
        Err(error) => tracing::error!(%error, "the RSA key cannot be used"),
    }
}
