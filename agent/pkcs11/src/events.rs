//! Slot events: cards and readers that come and go.

use crate::{Answer, agent::Watch, module};
use pkcs11_sys::{CK_SLOT_ID, CKR_NO_EVENT};

/// `C_WaitForSlotEvent`. A waiting thread holds no lock, and `C_Finalize` in another one ends it.
pub(crate) fn wait(block: bool) -> Answer<CK_SLOT_ID> {
    let next = || module::fresh(|module| Ok(module.slots.take_event()));
    if !block {
        return next()?.ok_or(CKR_NO_EVENT);
    }
    Watch::new(module::with(|module| Ok(module.calls()))?).until(next)
}
