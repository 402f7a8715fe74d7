//! What text may be, and that it stays what it is.

use duologue_contract::Rpc;
use duologue_contract::user::{CreateProfileRequest, GetProfileByIdRequest, UpdateProfileRequest};
use prost::Message as _;
use tonic::Code;

use super::named;
use crate::door::{Door, HttpRequest};
use crate::world::{Outcome, World};

const TEXTS: [&str; 8] = [
    "👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽",
    "שלום \u{202e}abc\u{202c} مرحبا",
    "e\u{301} and é, ﬁ and fi, Å and Å",
    "𝕏 𐍈 🦀",
    "  spaces around, tabs\tand\r\nlines\n",
    "<script>alert('x')</script> \"quotes\" \\ / ' -- ; DROP TABLE x",
    "{\"json\": [null, 1e9]} %00 %s ${x}",
    "\u{feff}zero\u{200b}width\u{ad}",
];

pub(super) async fn unicode_bio(world: &World) -> Outcome {
    let person = world.newcomer().await?;
    let mut expected = TEXTS[0];
    let request =
        CreateProfileRequest { bio: Some(expected.to_owned()), ..named(&world.session().fresh_nickname()) };
    let created = world.ok(&person, &request).await?;
    world.check_eq("the bio that CreateProfile answers", &created.bio.as_deref(), &Some(expected));
    for (number, text) in TEXTS.iter().enumerate() {
        if number > 0 {
            let request = UpdateProfileRequest {
                user_id: person.user_id.clone(),
                bio: Some((*text).to_owned()),
                ..Default::default()
            };
            let updated = world.arrange(&person, &request).await?;
            world.check_eq("the bio that UpdateProfile answers", &updated.bio.as_deref(), &Some(*text));
            expected = text;
        }
        for door in world.session().target.doors() {
            let read = world
                .call_through(door, &person, &GetProfileByIdRequest { id: person.user_id.clone() })
                .await;
            let bio = read.ok().and_then(|profile| profile.bio);
            world.check_eq(&format!("the bio read through {door}"), &bio.as_deref(), &Some(expected));
        }
    }
    Ok(())
}

/// An https address of so many characters.
fn address(length: usize) -> String {
    format!("{:a<length$}", "https://pictures.example/")
}

pub(super) async fn size_limits(world: &World) -> Outcome {
    let nobody = world.newcomer().await?;
    let fresh = || named(&world.session().fresh_nickname());
    for letter in ["a", "é", "€", "🦀"] {
        let request = CreateProfileRequest { bio: Some(letter.repeat(501)), ..fresh() };
        world.refused_field(&nobody, &request, "bio", &format!("501 times {letter}")).await?;
    }
    let too_long = ("2049 characters", address(2049));
    let schemes = [
        ("javascript:", "javascript:alert(1)"),
        ("data:", "data:image/png;base64,AAAA"),
        ("file:", "file:///etc/passwd"),
        ("ftp:", "ftp://pictures.example/a.png"),
        ("relative", "/a.png"),
        ("without scheme", "//pictures.example/a.png"),
        ("without host", "https:///a.png"),
        ("only a scheme", "https://"),
        ("a space before", " https://pictures.example/a.png"),
        ("no address", "picture"),
    ];
    let table = schemes.map(|(case, address)| (case, address.to_owned())).into_iter().chain([too_long]);
    for (case, address) in table {
        let request = CreateProfileRequest { avatar_url: Some(address), ..fresh() };
        world.refused_field(&nobody, &request, "avatar_url", case).await?;
    }
    world.refused(&nobody, &GetProfileByIdRequest { id: nobody.user_id.clone() }, Code::NotFound).await?;
    let request =
        CreateProfileRequest { bio: Some("🦀".repeat(500)), avatar_url: Some(address(2048)), ..fresh() };
    let created = world.arrange(&nobody, &request).await?;
    world.check_eq(
        "the longest bio and avatar_url",
        &(created.bio, created.avatar_url),
        &(request.bio, request.avatar_url),
    );
    for letter in ["a", "é", "€"] {
        let bio = Some(letter.repeat(500));
        let request =
            UpdateProfileRequest { user_id: nobody.user_id.clone(), bio: bio.clone(), ..Default::default() };
        world.check_eq("a bio of 500", &world.arrange(&nobody, &request).await?.bio, &bio);
    }
    Ok(())
}

pub(super) async fn nul_and_invalid_text(world: &World) -> Outcome {
    let ann = world.newcomer().await?;
    let fresh = || world.session().fresh_nickname();
    let table = [
        ("nickname", CreateProfileRequest { nickname: format!("{}\0", fresh()), ..Default::default() }),
        ("bio", CreateProfileRequest { bio: Some("a\0b".to_owned()), ..named(&fresh()) }),
        ("bio", CreateProfileRequest { bio: Some("\0".to_owned()), ..named(&fresh()) }),
        (
            "avatar_url",
            CreateProfileRequest { avatar_url: Some("https://a.example/\0".to_owned()), ..named(&fresh()) },
        ),
    ];
    for (field, request) in table {
        world.refused_field(&ann, &request, field, "U+0000").await?;
    }
    let broken = match world.door() {
        Door::Rest => {
            let body = format!("{{\"nickname\": \"{}\", \"bio\": \"\\ud800\"}}", fresh());
            let bearer = format!("Bearer {}", ann.access_token);
            let request = HttpRequest::new("POST", "/v1/profile").header("authorization", &bearer).json(body);
            world.http(Some(Rpc::UserCreateProfile), request).await?.1
        }
        Door::Grpc => {
            // 0xFF is nowhere in UTF-8.
            let mut bytes =
                CreateProfileRequest { bio: Some("bio?".to_owned()), ..named(&fresh()) }.encode_to_vec();
            if let Some(last) = bytes.last_mut() {
                *last = 0xff;
            }
            world.grpc_bytes(Rpc::UserCreateProfile, bytes, &ann).await
        }
    };
    world.expect_answer(Rpc::UserCreateProfile, broken, Code::InvalidArgument)?;
    world.refused(&ann, &GetProfileByIdRequest { id: ann.user_id.clone() }, Code::NotFound).await?;
    Ok(())
}
