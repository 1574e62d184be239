//! Which values are believed to be secrets, in which surroundings, and which are not.
//!
//! The tables are ours: the surroundings are those in which people keep secrets, the secrets are put
//! together at run time.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

#[path = "corpus/values.rs"]
mod corpus;
mod support;

use std::fmt::Write;
use std::sync::LazyLock;

use corpus::{AROUND_VALUES, filled};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use skant::blob::{Blob, Origin};
use skant::finding::{Confidence, Finding, Severity};
use skant::rule::RuleSet;
use skant::scan::{Scanner, Scratch};
use support::{BASE62, BASE64 as BASE64_CHARACTERS, Random};

static SCANNER: LazyLock<Scanner> = LazyLock::new(|| Scanner::new(&RuleSet::builtin()));

/// All that is found in a text, whatever the confidence.
fn all(file: &str, text: &str) -> Vec<Finding> {
    let origin = Origin::file(file);
    SCANNER.scan(&Blob { bytes: text.as_bytes(), origin: &origin }, &mut Scratch::default()).findings
}

/// What is reported when nobody asks for more.
fn reported(file: &str, text: &str) -> Vec<(String, String)> {
    let sure = all(file, text).into_iter().filter(|finding| finding.confidence >= Confidence::Medium);
    sure.map(|one| (one.rule.id.clone(), String::from_utf8_lossy(one.secret.expose()).into_owned())).collect()
}

/// Fails with every text in which the secret, and it alone, is not reported.
#[track_caller]
fn assert_found(cases: impl IntoIterator<Item = (String, String, String)>) {
    let mut failures = String::new();
    for (file, text, secret) in cases {
        let found = reported(&file, &text);
        if found.len() != 1 || found[0].1 != secret {
            writeln!(failures, "{file}: {text:?} gives {found:?}").unwrap();
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

/// A random key of every kind that is common.
fn keys(random: &mut Random) -> Vec<String> {
    let hex = "0123456789abcdef";
    let (upper, lower) = ("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", "abcdefghijklmnopqrstuvwxyz0123456789");
    let uuid = [8, 4, 3, 3, 12].map(|length| random.text(hex, length));
    let mut keys: Vec<String> = [16, 20, 24, 32, 40, 64].iter().map(|&length| random.text(BASE62, length)).collect();
    keys.extend([32, 40, 64].map(|length| random.text(hex, length)));
    keys.extend([random.text(upper, 20), random.text(lower, 24), random.text(&lower[..26], 32)]);
    keys.push(random.text(BASE64_CHARACTERS, 43) + "=");
    keys.push(format!("{}-{}-4{}-a{}-{}", uuid[0], uuid[1], uuid[2], uuid[3], uuid[4]));
    keys.push(format!("acme_live_{}", random.text(BASE62, 28)));
    keys.push(format!("{}.{}", random.text(BASE62, 12), random.text(BASE62, 32)));
    keys
}

/// Passwords, generated and chosen.
fn passwords(random: &mut Random) -> Vec<String> {
    let marks = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789!@#%^*_-";
    let mut passwords = vec![
        format!("aB3{}", random.text(marks, 11)),
        format!("7xQ{}", random.text(BASE62, 9)),
        format!("k4{}v9", random.text("abcdefghijklmnopqrstuvwxyz0123456789", 8)),
    ];
    passwords.extend(
        [("hunt", "er2!x"), ("Wint", "er2024!"), ("falcon-", "meadow-78"), ("Tr0ub4", "dor&3"), ("k0b", "old&Rabe")]
            .map(|(a, b)| a.to_owned() + b),
    );
    passwords
}

#[test]
fn keys_are_found_in_every_surrounding() {
    let mut random = Random::new(11);
    let names = ["API_KEY", "CLIENT_SECRET", "ACCESS_TOKEN", "JWT_SECRET", "SIGNING_KEY", "SERVICE_TOKEN"];
    let cases = AROUND_VALUES.iter().zip(names.iter().cycle()).flat_map(|((file, template), name)| {
        let secrets = [random.text(BASE62, 32), random.text("0123456789abcdef", 40)];
        secrets.map(|secret| ((*file).to_owned(), filled(template, name, &secret), secret))
    });
    assert_found(cases);
}

#[test]
fn keys_of_every_kind_are_found() {
    let mut random = Random::new(12);
    let cases = (0..8).flat_map(|_| keys(&mut random)).flat_map(|secret| {
        [(".env", "{N}={S}\n"), ("a.json", "{\"{c}\": \"{S}\"}"), ("a.py", "{n} = '{S}'\n"), ("a.yml", "{k}: {S}\n")]
            .map(|(file, template)| (file.to_owned(), filled(template, "API_SECRET", &secret), secret.clone()))
    });
    assert_found(cases.collect::<Vec<_>>());
}

#[test]
fn passwords_are_found_in_every_surrounding() {
    let mut random = Random::new(13);
    let names = ["PASSWORD", "DB_PASSWORD", "ADMIN_PASSWD", "SMTP_PASS", "MAIL_PWD", "KEY_PASSPHRASE"];
    let cases = AROUND_VALUES.iter().zip(names.iter().cycle()).flat_map(|((file, template), name)| {
        let secrets = [format!("7xQ{}", random.text(BASE62, 9)), ["Wint", "er2024!"].concat()];
        secrets.map(|secret| ((*file).to_owned(), filled(template, name, &secret), secret))
    });
    assert_found(cases);
}

#[test]
fn passwords_that_people_choose_are_found() {
    let mut random = Random::new(14);
    let cases = passwords(&mut random).into_iter().flat_map(|secret| {
        [
            (".env", "{N}={S}\n"),
            ("a.json", "{\"{c}\": \"{S}\"}"),
            ("a.py", "{n} = '{S}'\n"),
            ("a.yml", "{k}: {S}\n"),
            ("a.ini", "{n} = {S}\n"),
        ]
        .map(|(file, template)| (file.to_owned(), filled(template, "DB_PASSWORD", &secret), secret.clone()))
    });
    assert_found(cases.collect::<Vec<_>>());
}

#[test]
fn logins_are_found_where_no_name_stands() {
    let secret = format!("7xQ{}", Random::new(15).text(BASE62, 9));
    let cases = [
        (".netrc", "machine a.invalid\n  login bob\n  password {S}\n"),
        (".netrc", "machine a.invalid login bob password {S}\n"),
        (".pgpass", "db.invalid:5432:app:web:{S}\n"),
        ("a.sh", "curl -u deploy:{S} https://a.invalid/x\n"),
        ("a.sh", "curl --user \"deploy:{S}\" https://a.invalid/x\n"),
        ("a.sh", "mysql -u root -p{S} app\n"),
        ("a.sh", "sshpass -p '{S}' ssh a@b\n"),
        ("a.sh", "docker login -u bob -p {S} registry.invalid\n"),
        ("a.sh", "ldapsearch -x -D cn=admin -w {S} -b dc=a\n"),
        ("a.sh", "echo \"root:{S}\" | chpasswd\n"),
        ("appsettings.json", "{\"Db\": \"Server=db;User Id=sa;Password={S};Encrypt=true\"}\n"),
        ("A.cs", "var c = \"Server=db;Uid=sa;Pwd={S};\";\n"),
        ("a.yml", "url: postgres://web:{S}@db.invalid:5432/app\n"),
        ("a.sh", "git clone https://bob:{S}@git.invalid/a.git\n"),
        (".env", "REDIS_URL=redis://:{S}@cache:6379/0\n"),
        ("redis.conf", "requirepass {S}\n"),
        ("a.sql", "CREATE USER 'web'@'%' IDENTIFIED BY '{S}';\n"),
        ("a.sql", "ALTER ROLE web WITH PASSWORD '{S}';\n"),
        ("a.py", "requests.get(url, auth=(\"deploy\", \"{S}\"))\n"),
        ("A.java", "DriverManager.getConnection(url, \"web\", \"{S}\");\n"),
        ("a.ps1", "ConvertTo-SecureString \"{S}\" -AsPlainText -Force\n"),
        ("notes.md", "The admin password is {S} for now.\n"),
    ];
    assert_found(cases.map(|(file, text)| (file.to_owned(), text.replace("{S}", &secret), secret.clone())));
}

#[test]
fn what_is_no_secret_stays_quiet() {
    let random = |characters, length| Random::new(16).text(characters, length);
    let (base62, hex) = (random(BASE62, 32), random("0123456789abcdef", 40));
    let uuid = format!("{}-{}-4{}-a{}-{}", &hex[..8], &hex[8..12], &hex[12..15], &hex[15..18], &hex[18..30]);
    let table: Vec<(&str, String)> = [
        // Code.
        ("a.c", "params->auth_mode = CHCR_SCMD_AUTH_MODE_SHA256;"),
        ("a.c", ".pwd = &sifive_fu740_prci_ddrpll_data,"),
        ("a.h", "#define FE_AG_REG_AG_PWD__A   0xC20015"),
        ("a.h", "#define X_SETTINGS_PASSWORD_GUID \"70FE8229-D03B-4214-A1C6-1F884B1A892A\""),
        ("a.c", "\"SOCKS5_AUTH_SEND\",\n\"SOCKS5_AUTH_RECV\",\n"),
        ("a.py", "password = hash_password2(user.raw_password)"),
        ("A.java", "SecretKeyFactory.getInstance(\"PBKDF2WithHmacSHA512\")"),
        ("A.java", "if (!password.matches(\".*[0-9].*\")) {"),
        ("A.java", "parse(read(\"pkcs8/rsa-des-ede3-cbc.key\"), privateKey(\"pkcs1/rsa-2048.key\"))"),
        ("A.cs", "const string UnlockWithMasterPassword = \"pm-23246-unlock-with-master-password-data\";"),
        ("a.dts", "csi0_pwd_n_pmx_func: csi0_pwd_n_pmx_func {"),
        ("a.js", "const tokenName = 'XSRF_TOKEN_COOKIE_V2';"),
        ("a.min.js", "{MIN}this.password={min_length:e.minLength??8,max:!1}}async x(){"),
        ("a.c", "\"src/compress/bzip2/testdata/pass-sawtooth.bz2\", \"src/compress/bzip2/testdata/pass-random2.bz2\""),
        ("a.php", "$token = 'gpgauthv1.3.0|36|' . $uuid"),
        ("a.go", "form.Set(\"X-Amz-Credential\", \"Z7IXGOO6BZ0REAN1Q26I/20160727/us-east-1/s3/aws4_request\")"),
        ("a.json", "\"token_signature\": \"{K}\""),
        (".env", "MINIO_ROOT_PASSWORD=minio123"),
        ("composer.lock", "\"illuminate/auth\": \"^11.35|^12.0|^13.0\","),
        ("a.go", "// SSH_AUTH_SOCK=/tmp/ssh-P65gpcqArqvH/agent.15541; export SSH_AUTH_SOCK;"),
        // Words, messages and translations.
        ("de.json", "\"password\": \"Passwort-Wiederholung\""),
        ("da.properties", "password=Adgangskode"),
        ("a.c", "printf(\"we pass '%ph[CDN]'\")"),
        ("a.sh", "echo \"PASS: ip6gretap\""),
        ("a.md", "To debug, pass `-Dmaven.hpi.debug=true` to it."),
        ("a.md", "Use the token sha256-v2 here"),
        // Stock phrases.
        ("a.yml", "password: P@ssw0rd1"),
        (".env", "DB_PASSWORD=changeme123"),
        ("a.js", "password: 's00pers3cret'"),
        ("a.yml", "password: your-password-1"),
        ("a.json", "\"password\": \"userPassword2\""),
        // References.
        ("a.yml", "token: ${{ secrets.DEPLOY_TOKEN_2 }}"),
        ("a.sh", "PASSWORD=$(cat /run/secrets/db_1)"),
        ("a.sh", "PASS=\"ip6$TYPE\""),
        ("a.yml", "api_key: !vault |"),
        ("a.properties", "password=${DB_PASSWORD_2}"),
        ("a.tf", "password = var.db_password_2"),
        ("a.yml", "secret: arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db"),
        ("a.yml", "password_file: /run/secrets/db-2024.txt"),
        // Cut and masked.
        (".env", "X_TOKEN=9cbaf023786cd7..."),
        (".env", "X_TOKEN=9cbaf023786cd7…"),
        ("a.log", "token: 9cba****************86cd"),
        // Schemes of HTTP.
        (
            "a.txt",
            "Authorization: AWS4-HMAC-SHA256 Credential=x/19700101/us-east-1/s3/aws4_request, SignedHeaders=host",
        ),
        ("a.txt", "Authorization: Digest username=\"{H}\", realm=\"r\""),
        // What everybody may know, or what is worth nothing later.
        ("a.html", "<input name=\"authenticity_token\" value=\"{K}\">"),
        ("a.js", "csrfToken: '{K}'"),
        ("a.json", "\"nextPageToken\": \"{K}\""),
        ("a.json", "\"ClientToken\": \"{U}\""),
        ("a.json", "\"LockToken\": \"{U}\""),
        ("a.json", "\"publishableKey\": \"{K}\""),
        ("a.json", "\"encryptedPrivateKey\": \"{K}\""),
        ("a.json", "\"token_sha256\": \"{H}\""),
        ("a.lock", "\"auth@1.0\": { \"integrity\": \"sha512-{K}{K}==\" }"),
        // Lists, sentences and short words.
        ("a.py", "STOP_TOKENS = [\"<|endoftext|>\", \"</s2>\"]"),
        ("a.js", "const sensitiveKeys = ['password2', 'x-api-key2', 'set-cookie2'];"),
        ("Cargo.toml", "Win32_Security_Credentials = [\"Win32_Security\"]\npasswords = [\"falcon82\", \"summer2019\"]"),
        ("a.json", "\"keys\": [{\"kid\": \"{K}\"}]"),
        ("a.yml", "credentials: {clientId: {K}}"),
        ("a.txt", "the password of the user is Expired90Days"),
        ("a.txt", "the password for staging is in LastPass, the token for it is Bearer2Type"),
        ("a.yml", "token: LPAREN2x\nauth: OAuth2PKCE\nsecret: K8sSecret12"),
        ("a.yml", "password: user-settings-page-password-field\ndb_password: get-from-vault-please-now"),
        ("a.conf", "password_encryption: scram-sha-256\npassword_hasher=Argon2idHasher"),
        ("a.yml", "checksum/secret: {H}{H24}"),
        ("a.cfg", "snmp-server community public RO\nenable secret 5 $1$mERr$hx5rVt7rPNoS4wqbXKX7m0"),
        ("es.json", "\"contraseña\": \"Contraseña\", \"пароль\": \"Password2\""),
        // Examples in base64.
        ("a.yml", "password: {B:secure-password}"),
        ("a.http", "Authorization: Basic {B:testuser:testpass123}"),
        ("a.http", "Authorization: Basic {B:alice:secret-passwd}"),
        ("config.json", "{\"auths\": {\"a.invalid\": {\"auth\": \"{B:user:password}\"}}}"),
        ("a.json", "{\"access_key\": \"{B:ACCESS_KEY}\"}"),
    ]
    .map(|(file, text)| {
        let mut text = text
            .replace("{MIN}", &"x=\"y\";".repeat(100))
            .replace("{K}", &base62)
            .replace("{H}", &hex)
            .replace("{H24}", &hex[..24])
            .replace("{U}", &uuid);
        while let Some((front, rest)) = text.split_once("{B:") {
            let (plain, end) = rest.split_once('}').unwrap();
            text = format!("{front}{}{end}", BASE64.encode(plain.as_bytes()));
        }
        (file, text)
    })
    .into();
    let loud: Vec<_> =
        table.iter().map(|(file, text)| (text, reported(file, text))).filter(|one| !one.1.is_empty()).collect();
    assert!(loud.is_empty(), "{loud:#?}");
}

/// Lists, sentences, comparisons and calls: what stands around a value that is no assignment of one.
#[test]
fn values_are_found_that_are_said_listed_or_compared() {
    let (key, password) = (Random::new(41).text(BASE62, 32), format!("7xQ{}", Random::new(42).text(BASE62, 9)));
    let cases = [
        ("a.txt", "the root password of the new box is {S}, please change it.\n", &password),
        ("a.txt", "ann: password for prod is \"{S}\"\n", &password),
        ("a.txt", "The password of the staging db is now {S} (as of today).\n", &password),
        ("a.txt", "The API key for staging is {S}\n", &key),
        ("a.json", "{\"text\": \"Password reset to {S}\"}\n", &password),
        ("run.ipynb", "\"text\": [\"connected with password {S}\\n\"]\n", &password),
        ("a.py", "API_KEYS = [\"{S}\"]\n", &key),
        ("a.java", "List<String> apiKeys = List.of(\"{S}\");\n", &key),
        ("a.yml", "api_keys:\n  - {S}\nport: 80\n", &key),
        ("a.tfvars", "tokens = [\n  \"{S}\",\n]\n", &key),
        ("a.c", "if (strcmp(password, \"{S}\") == 0) {\n", &password),
        ("a.php", "if (hash_equals($token, '{S}')) {\n", &key),
        ("A.java", "env.put(Context.SECURITY_CREDENTIALS, \"{S}\");\n", &password),
        ("a.rb", "ENV['API_TOKEN'] ||= '{S}'\n", &key),
        ("deploy.rb", "set :password, \"{S}\"\n", &password),
        ("rabbit.config", "{rabbit, [{default_pass, <<\"{S}\">>}]}.\n", &password),
        ("a.robot", "${PASSWORD}    {S}\n", &password),
        ("users.csv", "id,name,password,created\n1,ann,{S},2024-01-01\n", &password),
    ];
    assert_found(cases.map(|(file, text, secret)| (file.to_owned(), text.replace("{S}", secret), secret.clone())));
}

#[test]
fn every_value_of_a_list_is_found() {
    let mut random = Random::new(43);
    let keys: Vec<String> = (0..3).map(|_| random.text(BASE62, 32)).collect();
    for (file, text) in [
        ("a.py", "API_KEYS = [\"{0}\", '{1}', \"{2}\"]\n"),
        ("a.json", "{\"apiKeys\": [\n  \"{0}\",\n  \"{1}\",\n  \"{2}\"\n]}\n"),
        ("a.go", "\ttokens := []string{\"{0}\", \"{1}\", \"{2}\"}\n"),
        ("a.yml", "api_keys:\n  - {0}\n  - \"{1}\"\n  - {2}\n"),
        ("a.sql", "INSERT INTO x (id, api_key, n) VALUES (1, '{0}', 'a)'), (2, '{1}', NULL),\n  (3, '{2}', 'c');\n"),
    ] {
        let text =
            keys.iter().enumerate().fold(text.to_owned(), |text, (at, key)| text.replace(&format!("{{{at}}}"), key));
        let found: Vec<_> = reported(file, &text).into_iter().map(|one| one.1).collect();
        assert_eq!(found, keys, "{text}");
    }
}

#[test]
fn names_have_numbers_and_are_more_than_a_few() {
    let (key, password) = (Random::new(44).text(BASE62, 32), format!("7xQ{}", Random::new(45).text(BASE62, 9)));
    let of = |names: &[&str], secret: &String| -> Vec<_> {
        let case = |name: &&str| (".env".to_owned(), format!("{name}={secret}\n"), secret.clone());
        names.iter().map(case).collect()
    };
    let passwords = ["PASSWORD2", "PASS1", "DB_PASSWORD_1", "adminpass", "dbpwd", "mot_de_passe", "motDePasse"];
    let keys = ["API_KEY2", "ENC_KEY", "CRYPTO_KEY", "COOKIE_KEY", "WTF_CSRF_SECRET_KEY"];
    assert_found(of(&passwords, &password).into_iter().chain(of(&keys, &key)));
}

/// Passphrases, a word with a number, and what generators make of less than 16 characters.
#[test]
fn values_are_found_that_look_like_words_or_are_short() {
    let (phrase, numbered) = (["falcon-mea", "dow-granite-pepper"].concat(), ["thun", "der8364"].concat());
    let (marked, short) = (["xK9#m", "P2$vL5n"].concat(), ["aB3dE", "9fGh2Kq"].concat());
    let cases = [
        ("a.yml", "db_password: {S}\n", &phrase),
        ("a.py", "password = \"{S}\"\n", &numbered),
        ("a.yml", "jwt_secret: \"{S}\"\n", &marked),
        ("a.js", "const apiKey = '{S}';\n", &short),
        (".env", "AUTH_TOKEN={S}\n", &short),
    ];
    assert_found(cases.map(|(file, text, secret)| (file.to_owned(), text.replace("{S}", secret), secret.clone())));
}

/// What each surrounding leaves of the belief in a password, and in a key of unknown origin.
#[test]
fn two_signs_of_a_test_leave_little_confidence_and_one_leaves_some() {
    let mut random = Random::new(22);
    let (key, chosen) = (random.text(BASE62, 32), ["Wint", "erfalcon2024!"].concat());
    let told = |file: &str, text: String| {
        let found = all(file, &text);
        assert_eq!(found.len(), 1, "{file}: {text}");
        (found[0].confidence, found[0].note.is_some())
    };
    for (file, key_told, chosen_told) in [
        ("config/app.py", Confidence::Medium, Confidence::Medium),
        ("README.md", Confidence::Medium, Confidence::Medium),
        // A folder of tests is one sign; that a person made the password up is another.
        ("tests/config.yml", Confidence::Medium, Confidence::Low),
        ("docs/setup.md", Confidence::Medium, Confidence::Low),
        ("src/test/resources/app.properties", Confidence::Medium, Confidence::Low),
        // A file that test runners take for tests is two.
        ("pkg/login_test.go", Confidence::Low, Confidence::Low),
        ("spec/user_spec.rb", Confidence::Low, Confidence::Low),
        ("src/test/java/LoginTests.java", Confidence::Low, Confidence::Low),
    ] {
        let of_key = told(file, format!("apiKey = \"{key}\"\n"));
        assert_eq!(of_key, (key_told, key_told == Confidence::Low), "{file}");
        let of_chosen = told(file, format!("password = \"{chosen}\"\n"));
        assert_eq!(of_chosen, (chosen_told, chosen_told == Confidence::Low), "{file}");
    }
    let named = |name: &str| told("tests/app.yml", format!("{name}: \"{key}\"\n")).0;
    assert_eq!((named("dummyApiKey"), named("apiKey")), (Confidence::Low, Confidence::Medium));
    // A vendor's name says that it was issued.
    assert_eq!(told("pkg/login_test.go", format!("mistralApiKey = \"{key}\"\n")).0, Confidence::Medium);
}

/// What somebody logs in with is judged by where it lies, whether a name or a place gives it away; what a vendor
/// issued is not.
#[test]
fn logins_in_tests_are_told_with_as_little_confidence_as_passwords_by_name() {
    let (random, chosen) = (format!("7xQ{}", Random::new(24).text(BASE62, 9)), ["Wint", "erfalcon2024!"].concat());
    let login = BASE64.encode(format!("deploy:{random}").as_bytes());
    let told = |file: &str, text: &str, secret: &str| {
        let found = all(file, &text.replace("{S}", secret));
        assert_eq!(found.len(), 1, "{file}: {text}");
        (found[0].confidence, found[0].note.is_some())
    };
    for text in [
        "password = \"{S}\"\n",
        "requests.get(url, auth=(\"deploy\", \"{S}\"))\n",
        "DriverManager.getConnection(url, \"web\", \"{S}\");\n",
        "run(\"curl -u deploy:{S} https://a.invalid/x\")\n",
        "url = \"https://deploy:{S}@git.invalid/a.git\"\n",
    ] {
        for (file, of_random, of_chosen) in [
            ("src/load.py", Confidence::Medium, Confidence::Medium),
            ("tests/load.py", Confidence::Medium, Confidence::Low),
            ("tests/test_load.py", Confidence::Low, Confidence::Low),
        ] {
            assert_eq!(told(file, text, &random), (of_random, of_random == Confidence::Low), "{file}: {text}");
            assert_eq!(told(file, text, &chosen), (of_chosen, of_chosen == Confidence::Low), "{file}: {text}");
        }
    }
    let header = "headers = \"Authorization: Basic {S}\"\n";
    assert_eq!(told("src/load.py", header, &login).0, Confidence::High);
    assert_eq!(told("tests/load.py", header, &login).0, Confidence::Medium);
    assert_eq!(told("tests/test_load.py", header, &login).0, Confidence::Low);
    // What an application makes for itself is no vendor's either.
    let made = format!("base64:{}=", Random::new(26).text(BASE64_CHARACTERS, 43));
    assert_eq!(told("config/app.php", "'APP_KEY' => '{S}',\n", &made).0, Confidence::High);
    assert_eq!(told("tests/LoginTest.php", "'APP_KEY' => '{S}',\n", &made).0, Confidence::Low);
    let issued = Random::new(25).text(BASE62, 20);
    let address = "url = \"https://gitlab+deploy-token-312:{S}@gitlab.com/a/b.git\"\n";
    assert_eq!(told("tests/test_load.py", address, &issued).0, Confidence::Medium);
}

#[test]
fn a_json_web_token_is_judged_by_what_it_says_itself() {
    let part = |json: &str| BASE64URL_NOPAD.encode(json.as_bytes());
    let told = |header, claims| {
        let token = format!("{}.{}.{}", part(header), part(claims), Random::new(31).text(BASE62, 43));
        let found = all("notes.txt", &format!("see {token}\n"));
        found.iter().map(|one| (one.severity, one.confidence, one.note.is_some())).collect::<Vec<_>>()
    };
    let header = r#"{"alg":"HS256","typ":"JWT"}"#;
    assert_eq!(told(header, r#"{"sub":"web","exp":4102444800}"#), [(Severity::Medium, Confidence::High, false)]);
    assert_eq!(told(header, r#"{"sub":"web","exp":1500000000}"#), [(Severity::Low, Confidence::High, true)]);
    assert_eq!(told(r#"{"alg":"none","typ":"JWT"}"#, r#"{"sub":"web","admin":true}"#), []);
    assert_eq!(told(r#"{"kid":"a","typ":"JWT"}"#, r#"{"sub":"web"}"#), [(Severity::Medium, Confidence::Medium, true)]);
}

#[test]
fn a_token_with_a_shape_of_its_own_is_as_sure_among_tests() {
    let token = format!("glpat-{}", Random::new(23).text(BASE62, 20));
    let found = all("tests/login_test.py", &format!("dummy_token = \"{token}\"\n"));
    assert_eq!((found.len(), found[0].confidence), (1, Confidence::High));
}

#[test]
fn a_private_key_that_nobody_would_trust_is_told_with_less_confidence() {
    let (begin, end) =
        (["-----BEGIN RSA PRIVATE", " KEY-----"].concat(), ["-----END RSA PRIVATE", " KEY-----"].concat());
    let noise: Vec<u8> = (0..=255u8).map(|at| at.wrapping_mul(73) | 1).collect();
    let pem = |bits: usize| {
        let modulus = &noise[..bits / 8];
        let der = [&[0x30, 0x82, 4, 0xa4, 2, 1, 0, 2, 0x82, (bits >> 11) as u8, (bits >> 3) as u8][..], modulus];
        format!("{begin}\n{}\n{end}\n", BASE64.encode(&[der.concat(), noise.clone()].concat()))
    };
    let confidence = |file: &str, bits: usize| {
        let found = all(file, &pem(bits));
        assert_eq!(found.len(), 1);
        found[0].confidence
    };
    assert_eq!(confidence("deploy/key.pem", 2048), Confidence::High);
    assert_eq!(confidence("deploy/key.pem", 1024), Confidence::Medium);
    assert_eq!(confidence("testdata/key.pem", 2048), Confidence::High);
}

#[test]
fn the_hash_of_a_password_is_told_with_little_confidence() {
    let hash = format!("$2y$10${}", Random::new(17).text(BASE62, 53));
    let found = all("users.yml", &format!("password: \"{hash}\"\n"));
    assert_eq!((found.len(), found[0].confidence), (1, Confidence::Low));
    assert!(found[0].note.as_deref().unwrap().contains("hash"));
}

#[test]
fn a_login_in_base64_is_judged_by_its_password() {
    let secret = format!("7xQ{}", Random::new(18).text(BASE62, 9));
    let login = BASE64.encode(format!("deploy:{secret}").as_bytes());
    assert_eq!(
        reported("a.sh", &format!("Authorization: Basic {login}\n")),
        [("http-basic-auth".into(), login.clone())]
    );
    let config = format!("{{\"auths\": {{\"a.invalid\": {{\"auth\": \"{login}\"}}}}}}");
    assert_eq!(reported("config.json", &config), [("docker-config-auth".into(), login)]);
}

#[test]
fn a_key_has_one_rule_wherever_it_stands() {
    let mut random = Random::new(19);
    let key = format!("{}+ASt{}Q==", random.text(BASE64_CHARACTERS, 76), random.text(BASE64_CHARACTERS, 5));
    let old = format!("{}Q==", random.text(BASE64_CHARACTERS, 85));
    for text in ["AccountName=a;AccountKey={};EndpointSuffix=x", "AZURE_STORAGE_KEY={}", "{\"accountKey\": \"{}\"}"] {
        assert_eq!(reported("a.txt", &text.replace("{}", &key)), [("azure-storage-key".into(), key.clone())], "{text}");
        assert_eq!(
            reported("a.txt", &text.replace("{}", &old)),
            [("azure-resource-key".into(), old.clone())],
            "{text}"
        );
    }
}

#[test]
fn a_rule_with_names_of_its_own_goes_before_any_value() {
    let mut rules = RuleSet::builtin();
    let text = "provider = \"Zeta\"\nhelp = \"x\"\n[[rule]]\nid = \"zeta-key\"\nname = \"Z\"\nseverity = \"low\"\n\
                names = [\"zeta_api_key\"]\npattern = '[A-Za-z0-9]{32}'\n";
    rules.add_file("zeta.toml", text).unwrap();
    let secret = Random::new(20).text(BASE62, 32);
    let (text, origin) = (format!("ZETA_API_KEY={secret}"), Origin::file("a"));
    let blob = Blob { bytes: text.as_bytes(), origin: &origin };
    let found = Scanner::new(&rules).scan(&blob, &mut Scratch::default()).findings;
    assert_eq!(found.iter().map(|one| one.rule.id.as_str()).collect::<Vec<_>>(), ["zeta-key"]);
}

#[test]
fn a_private_key_on_one_line_is_as_sure_as_one_on_many() {
    let body = BASE64
        .encode(&[&[0x30, 0x82, 4, 0xa4][..], &(0..240u8).map(|at| at.wrapping_mul(7)).collect::<Vec<u8>>()].concat());
    let (begin, end) = (["-----BEGIN PRIVATE", " KEY-----"].concat(), ["-----END PRIVATE", " KEY-----"].concat());
    for between in ["\n", "\\n", " ", ""] {
        let found = all("a.json", &format!("{{\"key\": \"{begin}{between}{body}{between}{end}\"}}"));
        let told: Vec<_> = found.iter().map(|one| (one.rule.id.as_str(), one.confidence)).collect();
        assert_eq!(told, [("private-key", Confidence::High)], "{between:?}");
    }
}

#[test]
fn an_excerpt_shows_where_it_is_cut_and_no_byte_order_mark() {
    let secret = Random::new(21).text(BASE62, 32);
    let excerpt = |text: String| all(".env", &text).remove(0).excerpt;
    let far = "x ".repeat(100);
    for (before, after, begins, ends) in [
        ("", "", "API", "y"),
        ("\u{feff}", "", "API", "y"),
        ("a\n", "\nb", "API", "y"),
        ("a\r\n", "\r\nb", "API", "y"),
        (far.as_str(), "", "…", "y"),
        ("", far.as_str(), "API", "…"),
        (far.as_str(), far.as_str(), "…", "…"),
    ] {
        let shown = excerpt(format!("{before}API_KEY={secret} y{after}"));
        assert!(shown.text.starts_with(begins) && shown.text.ends_with(ends), "{shown:?}");
        assert_eq!(shown.text[..shown.start].chars().rev().take(8).collect::<String>(), "=YEK_IPA");
        assert!(shown.text[shown.start..shown.end].contains("..."), "{shown:?}");
    }
}

#[test]
fn variables_that_are_called_a_key_hold_one() {
    let random = &mut Random::new(4242);
    let (hex, word) = (random.text("0123456789abcdef", 32), random.text(BASE62, 40));
    let upper = random.text("0123456789ABCDEF", 40);
    for (file, text) in [
        (".env", format!("WEATHER_STATION_KEY={hex}\n")),
        ("a.yml", format!("env:\n  TRANSLATE_KEY: {word}\n")),
        ("a.py", format!("os.environ['TILES_KEY'] = '{word}'\n")),
    ] {
        assert_eq!(reported(file, &text).len(), 1, "{text}");
    }
    for (file, text) in [
        ("a.yml", format!("BUILD_CACHE_KEY: {hex}\n")),
        ("Dockerfile", format!("ENV GPG_KEY {upper}\nENV RELEASE_KEY={upper}\n")),
        ("tiles_test.go", format!("\tt.Setenv(\"TILES_KEY\", \"{word}\")\n")),
        ("a.sql", format!("PRIMARY_KEY = '{hex}'\n")),
        ("a.json", format!("{{\"key\": \"{hex}\", \"entry_key\": \"{word}\"}}\n")),
        (".env", "NODE_KEY=8d1b2a60-4c1f-4f6e-9b7a-2c3d4e5f6a7b\n".to_owned()),
    ] {
        assert_eq!(reported(file, &text), [], "{text}");
    }
}
