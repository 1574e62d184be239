//! Credentials of two halves, as the real binary tells them: an id and the secret beside it are one finding, and an
//! id alone is no more than it opens. And what is encrypted, which is none.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use std::fmt::Write;

use support::{BASE62, BASE64, Random, Tree, scan};

const HEX: &str = "0123456789abcdef";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const BASE32: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A pair: what its files are called, its id, its secret, the text that has both, and the rules that tell of both, of
/// the id alone, and of the id alone when nothing is held back.
struct Pair {
    name: &'static str,
    id: String,
    secret: String,
    text: &'static str,
    both: &'static str,
    alone: &'static str,
    held_back: &'static str,
}

fn pairs() -> Vec<Pair> {
    let mut random = Random::new(41);
    let uuid = |random: &mut Random| [8, 4, 4, 4, 12].map(|length| random.text(HEX, length)).join("-");
    let aws =
        |random: &mut Random, begin: &str| (format!("{begin}{}", random.text(BASE32, 16)), random.text(BASE64, 40));
    let mut pairs = Vec::new();
    let mut pair = |name, (id, secret), text, both, alone, held_back| {
        pairs.push(Pair { name, id, secret, text, both, alone, held_back });
    };
    let (aws_secret, aws_id) = ("aws-secret-access-key", "aws-access-key-id");
    let named = "[default]\naws_access_key_id = {I}\naws_secret_access_key = {S}\n";
    pair("aws", aws(&mut random, "AKIA"), named, aws_secret, aws_id, aws_id);
    pair("aws-csv", aws(&mut random, "AKIA"), "{I},{S}\n", aws_secret, aws_id, aws_id);
    let turned = "{\"Secret\": \"{S}\",\n \"Region\": \"eu-west-1\",\n \"Id\": \"{I}\"}\n";
    pair("aws-turned", aws(&mut random, "AKIA"), turned, aws_secret, aws_id, aws_id);
    let temporary = "aws-temporary-key-id";
    pair("aws-sts", aws(&mut random, "ASIA"), "k = Keys(\"{I}\", \"{S}\")\n", aws_secret, temporary, temporary);
    let (twilio, account) = ("twilio-auth-token", "twilio-account-id");
    let of_twilio = (format!("AC{}", random.text(HEX, 32)), random.text(HEX, 32));
    pair("twilio", of_twilio, "client = Client(\"{I}\", \"{S}\")\n", twilio, "", account);
    let of_twilio = (format!("SK{}", random.text(HEX, 32)), random.text(BASE62, 32));
    pair("twilio-key", of_twilio, "sid: {I}\nsecret: {S}\n", "twilio-api-key-secret", "", "twilio-api-key-id");
    let of_alibaba = (format!("LTAI5t{}", random.text(BASE62, 18)), random.text(BASE62, 30));
    let (alibaba, alibaba_id) = ("alibaba-cloud-access-key-secret", "alibaba-cloud-access-key-id");
    pair("alibaba", of_alibaba, "accessKeyId: {I}\naccessKeySecret: {S}\n", alibaba, alibaba_id, alibaba_id);
    let of_tencent = (format!("AKID{}", random.text(BASE62, 32)), random.text(BASE62, 32));
    let (tencent, tencent_id) = ("tencent-cloud-secret-key", "tencent-cloud-secret-id");
    pair("tencent", of_tencent, "SecretId={I}\nSecretKey={S}\n", tencent, tencent_id, tencent_id);
    let of_ovh = (random.text(BASE62, 16), random.text(BASE62, 32));
    let text = "[ovh-eu]\napplication_key={I}\napplication_secret={S}\n";
    pair("ovh", of_ovh, text, "ovh-application-secret", "", "ovh-application-key");
    let of_scaleway = (format!("SCW{}", random.text(UPPER, 17)), uuid(&mut random));
    let text = "SCW_ACCESS_KEY={I}\nSCW_SECRET_KEY={S}\n";
    pair("scaleway", of_scaleway, text, "scaleway-secret-key", "", "scaleway-access-key");
    let of_volcengine = (format!("AKLT{}", random.text(BASE62, 43)), random.text(BASE62, 58) + "==");
    let text = "VOLC_ACCESS_KEY={I}\nVOLC_SECRET_KEY={S}\n";
    pair("volcengine", of_volcengine, text, "volcengine-secret-key", "", "volcengine-access-key");
    let of_huawei = (random.text(UPPER, 20), random.text(BASE62, 40));
    let text = "HUAWEICLOUD_ACCESS_KEY={I}\nHUAWEICLOUD_SECRET_KEY={S}\n";
    pair("huawei", of_huawei, text, "huawei-cloud-secret-key", "", "huawei-cloud-access-key");
    let of_google = (format!("GOOG1E{}", random.text(UPPER, 55)), random.text(BASE64, 40));
    let (google, google_id) = ("google-hmac-secret", "google-hmac-key-id");
    pair("google", of_google, "gs_access_key_id = {I}\ngs_secret = {S}\n", google, google_id, google_id);
    let of_exoscale = (format!("EXO{}", random.text(HEX, 24)), random.text(BASE62, 43));
    let (exoscale, exoscale_id) = ("exoscale-api-secret", "exoscale-api-key-id");
    pair("exoscale", of_exoscale, "exoscale:\n  key: {I}\n  secret: {S}\n", exoscale, "", exoscale_id);
    let of_spaces = (format!("DO00{}", random.text(UPPER, 16)), random.text(BASE64, 43));
    let (spaces, spaces_id) = ("digitalocean-spaces-secret", "digitalocean-spaces-key-id");
    pair("spaces", of_spaces, "spaces_access_id = {I}\nspaces_secret = {S}\n", spaces, spaces_id, spaces_id);
    let of_razorpay = (format!("rzp_live_{}", random.text(BASE62, 14)), random.text(BASE62, 24));
    let text = "razorpay = Razorpay('{I}', '{S}')\n";
    let razorpay_id = "razorpay-live-key-id";
    pair("razorpay", of_razorpay, text, "razorpay-key-secret", razorpay_id, razorpay_id);
    pairs
}

/// Tells what was found as `path rule`, a line each.
fn told(tree: &Tree, arguments: &[&str]) -> String {
    scan(tree, arguments).findings().iter().fold(String::new(), |mut all, one| {
        writeln!(all, "{} {}", one["path"].as_str().unwrap(), one["rule"].as_str().unwrap()).unwrap();
        all
    })
}

/// The same, as it should be.
fn expected(pairs: &[Pair], rule: impl Fn(&Pair) -> &str) -> String {
    let mut lines: Vec<String> = pairs
        .iter()
        .filter(|pair| !rule(pair).is_empty())
        .map(|pair| format!("{}.txt {}\n", pair.name, rule(pair)))
        .collect();
    lines.sort();
    lines.concat()
}

fn tree_of(pairs: &[Pair], text: impl Fn(&Pair) -> String) -> Tree {
    let tree = Tree::new();
    pairs.iter().for_each(|pair| {
        tree.file(format!("{}.txt", pair.name), &text(pair));
    });
    tree
}

#[test]
fn an_id_and_its_secret_are_one_finding() {
    let pairs = pairs();
    let tree = tree_of(&pairs, |pair| pair.text.replace("{I}", &pair.id).replace("{S}", &pair.secret));
    assert_eq!(told(&tree, &["--confidence", "low"]), expected(&pairs, |pair| pair.both));
}

#[test]
fn an_id_alone_is_told_for_what_it_is() {
    let pairs = pairs();
    let tree = tree_of(&pairs, |pair| pair.text.replace("{I}", &pair.id).replace("{S}", "${SECRET}"));
    assert_eq!(told(&tree, &[]), expected(&pairs, |pair| pair.alone));
    assert_eq!(told(&tree, &["--confidence", "low"]), expected(&pairs, |pair| pair.held_back));
}

#[test]
fn a_secret_far_from_an_id_is_not_its_other_half() {
    let pair = &pairs()[1];
    let tree = Tree::new();
    let far = "-- \n".repeat(200);
    tree.file("a.txt", &format!("{}\n{far}{}\n", pair.id, pair.secret));
    assert_eq!(told(&tree, &["--confidence", "low"]), "a.txt aws-access-key-id\n");
}

#[test]
fn what_is_encrypted_is_quiet() {
    let mut random = Random::new(42);
    let value = "ENC[AES256_GCM,data:{K},iv:{B}=,tag:{K}==,type:str]";
    let age = ["-----BEGIN AGE ENCRYPTED FILE-----", "-----END AGE ENCRYPTED FILE-----"];
    let armored = |mark: &str| [age[0], "{C}", "{C}", "{B}=", age[1], ""].join(mark);
    let of_sops = format!(
        "sops:\n    kms:\n        - arn: arn:aws:kms:eu-west-1:123456789012:key/mrk-1\n          enc: AQICAH{{L}}{{L}}==\n    \
         hc_vault:\n        - engine_path: transit\n          key_name: deploy\n          enc: vault:v1:{{L}}\n    \
         azure_kv:\n        - vault_url: https://a.vault.azure.net\n          name: key\n          version: 1\n          enc: {{L}}{{L}}\n    \
         age:\n        - recipient: age1recipient\n          enc: |\n            {}\n    mac: {value}\n    version: 3.9.1\n",
        armored("\n            ")
    );
    let tree = Tree::new();
    for (path, template) in [
        ("sops.yaml", format!("db:\n    password: {value}\n    apiKey: {value}\n{of_sops}")),
        ("sops.json", format!("{{\"password\": \"{value}\", \"sops\": {{\"kms\": [{{\"enc\": \"AQICAH{{L}}\"}}], \"age\": [{{\"enc\": \"{}\"}}], \"mac\": \"{value}\"}}}}\n", armored("\\n"))),
        ("sops.env", format!("DB_PASSWORD={value}\nsops_age__list_0__map_enc={}\nsops_mac={value}\n", armored("\\n"))),
        ("sops.ini", format!("[db]\npassword = {value}\n\n[sops]\nmac = {value}\nage__list_0__map_enc = {}\n", armored("\\n"))),
        ("vault.yml", "$ANSIBLE_VAULT;1.1;AES256\n{H}\n{H}\n{H}\n".to_owned()),
        ("group_vars/all.yml", "db_password: !vault |\n    $ANSIBLE_VAULT;1.2;AES256;prod\n    {H}\n    {H}\napi_key: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  {H}\n".to_owned()),
        ("sealed.yaml", "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nspec:\n  encryptedData:\n    password: AgB{L}{L}{L}=\n    api-key: AgA{L}{L}\n    token: AgC{L}{L}==\n".to_owned()),
        ("sealed.json", "{\"kind\": \"SealedSecret\", \"spec\": {\"encryptedData\": {\"password\": \"AgB{L}{L}{L}=\", \"secretKey\": \"AgA{L}{L}\"}}}\n".to_owned()),
        ("secret.age", armored("\n")),
        ("secret.asc", "-----BEGIN PGP MESSAGE-----\n\nhQEMA{B}\n{C}\n{C}\n=abcd\n-----END PGP MESSAGE-----\n".to_owned()),
        ("hiera.eyaml", "db::password: ENC[PKCS7,MIIB{L}{L}=]\ndb::token: >\n    ENC[PKCS7,MIIB{C}\n    {C}\n    {B}=]\n".to_owned()),
        ("credentials.yml.enc", "{L}--{K}--{K}==".to_owned()),
    ] {
        tree.file(path, &filled(&template, &mut random));
    }
    // What git-crypt keeps begins with its name, and goes on as noise.
    for name in ["secrets.env", "id_rsa", "config.json"] {
        let noise: Vec<u8> = (0..4000).map(|_| random_byte(&mut random)).collect();
        tree.bytes(format!("git-crypt/{name}"), [b"\0GITCRYPT\0", &noise[..]].concat());
    }
    assert_eq!(told(&tree, &["--confidence", "low"]), "");
    // What is beside it and is not encrypted is told.
    tree.file("sops.yaml", &filled(&format!("password: {value}\napi_token: {{B}}=\n{of_sops}"), &mut random));
    assert_eq!(told(&tree, &[]), "sops.yaml generic-token\n");
}

/// A template with what is encrypted in it: `{H}` in hex, the others in base64.
fn filled(template: &str, random: &mut Random) -> String {
    let mut text = template.to_owned();
    for (mark, characters, length) in
        [("{H}", HEX, 80), ("{B}", BASE64, 43), ("{C}", BASE64, 64), ("{L}", BASE64, 172), ("{K}", BASE62, 22)]
    {
        while text.contains(mark) {
            text = text.replacen(mark, &random.text(characters, length), 1);
        }
    }
    text
}

fn random_byte(random: &mut Random) -> u8 {
    u8::try_from(random.below(256)).unwrap()
}
