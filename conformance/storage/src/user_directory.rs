//! What other contexts learn of who exists.

use duologue_domain::user::Profile;

use crate::fixture::Storage;
use crate::world::{Acknowledged as _, new_id, profile};

pub(crate) async fn a_user_exists_as_soon_as_they_have_a_profile(storage: &Storage) {
    let stored = profile();
    assert!(!storage.user_directory().user_exists(stored.user_id).await.answered());
    storage.profiles().insert_profile(stored.clone()).await.answered();
    assert!(storage.user_directory().user_exists(stored.user_id).await.answered());
    let refused = Profile { user_id: new_id(), ..stored };
    storage.profiles().insert_profile(refused.clone()).await.answered();
    assert!(!storage.user_directory().user_exists(refused.user_id).await.answered());
}
