//! The holder's practice situations, which the card shows after the PIN.

use super::SmartCard;
use crate::Error;
use crate::apdu::{FilePath, Status};
use crate::applet::Extent;
use crate::holder::Activity;
use crate::pkcs15;
use crate::token::{Authorization, Hold};

/// Situations a card has room for.
const MOST: u8 = 16;

impl SmartCard {
    pub(super) fn read_activities(
        &mut self,
        authorization: Authorization,
        hold: Hold,
    ) -> Result<Vec<Activity>, Error> {
        let contents = self.contents()?;
        let dodf = match self.files.file(&contents.data_objects) {
            Some(content) => content.to_vec(),
            None => self.reading(|card| card.directory(&contents.data_objects))?,
        };
        self.save();
        let files = self.activity_files(&dodf);
        self.authorized(authorization, hold, |card| {
            let mut activities = Vec::new();
            for (index, path) in files {
                match card.profile.applet.read(&mut card.channel, &path, Extent::Element, true) {
                    Ok(content) => activities.extend(Activity::parse(index, &content)),
                    Err(Error::Refused { status, .. }) if Status(status) == Status::NOT_FOUND => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(activities)
        })
    }

    /// The files of the situations that the card lists; all that there could be when it lists no object at all.
    fn activity_files(&self, dodf: &[u8]) -> Vec<(u8, FilePath)> {
        let application = self.application();
        let objects = pkcs15::parse_data_objects(dodf, &application);
        if objects.is_empty() {
            let first = self.profile.default_files.first_activity;
            return (1..=MOST).map(|n| (n, application.child(first + u16::from(n) - 1))).collect();
        }
        let mut files: Vec<_> =
            objects.into_iter().filter_map(|object| Some((index_of(&object.label)?, object.path))).collect();
        files.sort_by_key(|(index, _)| *index);
        files.dedup_by_key(|(index, _)| *index);
        files
    }
}

/// The number in `CPS_ACTIVITY_nn_PS`.
fn index_of(label: &str) -> Option<u8> {
    let number = label.strip_prefix("CPS_ACTIVITY_")?.strip_suffix("_PS")?;
    number.parse().ok().filter(|index| (1..=MOST).contains(index))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sixteen_labels_name_situations() {
        assert_eq!(index_of("CPS_ACTIVITY_01_PS"), Some(1));
        assert_eq!(index_of("CPS_ACTIVITY_16_PS"), Some(16));
        assert_eq!(index_of("CPS_ACTIVITY_17_PS"), None);
        assert_eq!(index_of("CPS_ACTIVITY_00_PS"), None);
        assert_eq!(index_of("CPS2TER_ACTIVITY_01_PS"), None);
        assert_eq!(index_of("CPS_DATA"), None);
    }
}
