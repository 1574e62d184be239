//! Words people write where a secret would stand, and how much of a text they cover.

use std::collections::HashSet;
use std::sync::LazyLock;

use foldhash::fast::FixedState;

/// Words of ours: no stranger chooses them, so they need no hash that cannot be foreseen.
pub(super) type Words = HashSet<&'static [u8], FixedState>;

/// The shortest word that counts inside other letters; a shorter one must stand alone.
const SHORTEST: usize = 4;
const LONGEST: usize = 14;

/// How many bytes of a text are words.
///
/// A word is looked for among letters of one case, or of one case after a capital: random text
/// mixes its cases, and so seldom spells anything.
pub fn covered(text: &[u8]) -> usize {
    segments(text).map(|segment| covered_letters(&segment.to_ascii_lowercase(), &WORDS)).sum()
}

/// Whether it is a word of ours.
pub fn is_known(word: &[u8]) -> bool {
    WORDS.contains(word)
}

/// How many bytes the words of a text may fill: twice the longest text they are asked of.
const ROOM: usize = 512;

/// What stands for a byte that is neither letter nor digit.
const NEITHER: u8 = b'_';

/// Each letter in lower case, and each digit.
const LOWER: [u8; 256] = {
    let mut lower = [NEITHER; 256];
    let mut byte = 0u8;
    while byte < 128 {
        if byte.is_ascii_alphanumeric() {
            lower[byte as usize] = byte.to_ascii_lowercase();
        }
        byte += 1;
    }
    lower
};

/// The words a text is made of, in lower case, with `_` before, between and behind them: `apiKey`,
/// `API_KEY` and `api-key` are `_api_key_`.
pub struct Joined {
    bytes: [u8; ROOM],
    length: usize,
}

impl Joined {
    /// Of a name, or of a text of up to 255 bytes.
    pub fn of(text: &[u8]) -> Joined {
        let mut joined = Joined { bytes: [0; ROOM], length: 0 };
        let bytes = &mut joined.bytes;
        bytes[0] = NEITHER;
        let (mut length, mut before, mut is_in_word) = (1, 0u8, false);
        for (at, &byte) in text.iter().enumerate() {
            // There has to be room for what ends a word, the byte, and what stands behind it.
            if length + 3 > ROOM {
                break;
            }
            // `apiKey`, and in `XMLFile` the last capital of a run belongs to what follows it.
            let is_hump = byte.is_ascii_uppercase()
                && (!before.is_ascii_uppercase() || text.get(at + 1).is_some_and(u8::is_ascii_lowercase));
            let lower = LOWER[usize::from(byte)];
            bytes[length] = NEITHER;
            length += usize::from(is_in_word && (is_hump || lower == NEITHER));
            bytes[length] = lower;
            is_in_word = lower != NEITHER;
            length += usize::from(is_in_word);
            before = byte;
        }
        bytes[length] = NEITHER;
        joined.length = length + usize::from(is_in_word);
        joined
    }

    /// Every word.
    pub fn words(&self) -> impl Iterator<Item = &[u8]> {
        self.bytes[..self.length].split(|&byte| byte == b'_').filter(|word| !word.is_empty())
    }

    /// Whether there are these words in a row. A long first one may be glued to what is before it, and the last to
    /// a number: `dbpassword2` has `password`.
    pub fn has(&self, words: &str) -> bool {
        let (joined, words) = (&self.bytes[..self.length], words.as_bytes());
        joined.windows(words.len()).enumerate().any(|(at, part)| {
            // Nearly never is it more than the first byte that tells.
            part.first() == words.first()
                && part == words
                && ends_word(&joined[at + words.len()..])
                && (words.len() >= 5 || at > 0 && joined[at - 1] == b'_')
        })
    }
}

/// Whether a word ends in front of this, or but for an `s` or a number of up to three digits.
fn ends_word(after: &[u8]) -> bool {
    let digits = after.iter().take(3).take_while(|byte| byte.is_ascii_digit()).count();
    after[digits..].starts_with(b"_") || after.starts_with(b"s_")
}

/// Splits at everything that is no letter, and where a lower-case letter is followed by a capital.
fn segments(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| !byte.is_ascii_alphabetic()).flat_map(humps)
}

fn humps(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.chunk_by(|a, b| a.is_ascii_uppercase() || !b.is_ascii_uppercase())
        .flat_map(|hump| {
            // `XMLFile`: the last capital of a run belongs to what follows it.
            let capitals = hump.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
            let lower = hump.get(capitals).is_some_and(u8::is_ascii_lowercase);
            let cut = if capitals > 1 && lower { capitals - 1 } else { 0 };
            [&hump[..cut], &hump[cut..]]
        })
        .filter(|segment| !segment.is_empty())
}

/// How many bytes of a lower-case text are words of a list.
pub fn covered_by(text: &[u8], list: &Words) -> usize {
    text.split(|byte| !byte.is_ascii_alphabetic()).map(|letters| covered_letters(letters, list)).sum()
}

fn covered_letters(letters: &[u8], list: &Words) -> usize {
    if list.contains(letters) {
        return letters.len();
    }
    let (mut at, mut covered) = (0, 0);
    while at + SHORTEST <= letters.len() {
        let longest = LONGEST.min(letters.len() - at);
        match (SHORTEST..=longest).rev().find(|length| list.contains(&letters[at..at + length])) {
            Some(length) => {
                covered += length;
                at += length;
            }
            None => at += 1,
        }
    }
    covered + if covered > 0 && list.contains(&letters[at..]) { letters.len() - at } else { 0 }
}

static WORDS: LazyLock<Words> = LazyLock::new(|| LIST.split_ascii_whitespace().map(str::as_bytes).collect());

/// Common words of English and of programs, and of the phrases placeholders are made of.
const LIST: &str = "\
    abc able about above abstract accept access according account acme across action active activity \
    actual add added additional address admin administrator advanced after again against agent agreement \
    alert alias alice align all allow allowed along alpha alphabet already also alternative always am \
    amet amount an analysis analytics anchor and angular animation annotation anonymous another answer \
    anthropic any anything apache api app appear append apple application apply approach aqui archive \
    area argument around array article as asdf asset assign assistant async at attach attempt attribute \
    audio audit auth authenticate authentication author authority authorization auto automatic available \
    avatar average avoid await aware azerty azure back backend background backup balance banner bar base \
    baseball based basic batch batman battery baz be bearer because become been before begin behavior \
    being below best beta better between beyond big billing binary bind bit black blank block blog blue \
    board bob body bogus bold book bool boolean boot border both bottom bounce bound box branch brand \
    break bridge brief browser bucket buffer bug build builder built business but button by bypass byte \
    cache calendar call callback camera cancel candidate cannot canvas capture card care carol case \
    catalog category cause cell center central certificate chain change changed changeme channel char \
    character chat chave check checksum child children choice choose chrome chunk circle city claim \
    class claude clave cle clean clear click client clip clone close cloud cluster code codec collect \
    collection color column combine come command comment commit common communication company compare \
    compile complete component compute condition config configuration confirm conflict connect \
    connection console constant constraint contact container content context continue contract \
    contrasena control convert cookie copy core corner correct correlation cost could count counter \
    country course cover create created creation credential credentials cross current cursor custom \
    customer cycle daily dark dash dashboard data database dataset date dave day dead debug decimal \
    decision declare decode decrypt default define defined definition degree dein delay delete delivery \
    delta demo deploy deployment depth derive describe description design desktop destination detail \
    detect dev develop developer development device diagram dialog dictionary did different digest digit \
    dimension direct direction directory disable disabled discard disk dispatch display distance \
    distribution do document doe does dolor domain done dont door double down download draft drag dragon \
    draw drive driver drop dummy dump duplicate duration during dynamic each early easy echo edge edit \
    editor effect either element else email embed empty enable enabled encode encoded encoding encrypt \
    encrypted encryption end endpoint engine enough enter enterprise entity entry enum env environment \
    equal error escape evaluate even event ever every exact example except exception exchange exclude \
    exec execute execution exist exit expand expect expected expire expired expires explicit export \
    expose express expression extend extension extern external extra extract face facebook factor \
    factory fail failed failure fake fallback false family fast favorite feature federation feed fetch \
    field figure file filename filter final find fine finish firebase first fixed fixture flag flash \
    flat float flow flush focus folder font foo football footer for force foreign form format forward \
    found foundation frame framework free frequency fresh friend from front frontend full function \
    future game gate gateway geheim general generate generated generator generic get github give given \
    global gmail go goes good google got grant graph graphql green grid ground group grow guard guest \
    guide half hand handle handler happen happy hard hardware has hash have he head header health heart \
    heavy height hello help helper here hidden hide high highlight hint history hold home hook \
    horizontal horse host hostname hotel hour house how html http https human hundred hunter icon id \
    identifier identity idle if ignore iloveyou image immediate implementation implicit import important \
    in include included increment index indicator info information inherit initial initialize inject \
    inline inner input insecure insert inside install instance instead int integer integration intel \
    interface internal internet interval into invalid inventory invoice invoke io ipsum is issue it item \
    iterator its jane java javascript job john join json jump just keep kernel key keyboard keyring keys \
    keyword kind know known kube kubernetes label lambda language large last later latest launch layer \
    layout lazy lead leaf learn least leave left legacy length less letmein letter level library license \
    life light like likely limit line linear link linux list listen listener literal little live load \
    loader loading local locale localhost location lock log logger logging login logo logout long longer \
    look lookup loop lorem low lower lucky machine macro made magic mail main maintain major make manage \
    management manager manifest manual many map mapper margin mark markdown marker market mask masked \
    master match matrix maximum may me mean measure media medium member memory menu merge message meta \
    metadata method metric middle migration milestone mine minimum minute mirror missing mobile mock \
    mode model modified modify module moment monitor monkey month more most mot mount mouse move much \
    multi multiple must mutable mutation my mykey mypassword mysecret mysql mytoken name named namespace \
    native navigation near need nested network never new news next nginx nice night no nobody node none \
    normal not note nothing notification notify now null number numeric oauth object observer of off \
    offer office offline offset often ok okay old omitted on once one online only open openai operation \
    operator optimize option optional or oracle orange order organization origin original other \
    otherwise our outer output outside over overflow overlay override overview own owner pack package \
    padding page pager paid pair panel paper parallel param parameter parent parse parser part partial \
    partition partner party pass passe passed passphrase passwd password passwort past paste patch path \
    pattern pause pay payload payment peer pending people percent perform period permission persist \
    person personal phone photo pick picture pipe pipeline place placeholder plain plan platform play \
    player please plugin plus pm point pointer policy pool popular port portal position positive \
    possible post postgres postgresql power practice prefix prepare present press preview previous price \
    primary princess print priority private problem proc process processor prod produce product \
    production profile program progress project promise prompt proof property protect protected protocol \
    prototype provide provider provision proxy public publish published pull purchase pure purpose push \
    put python quality quantity query question queue quick quiet quit quote quux qux qwerty qwertz race \
    radio raise random range rank rate rather raw reach reaction read reader ready real really reason \
    receive recent record recover recovery rect red redact redacted redirect redis reduce reference \
    refresh region register registry regular relation relative release reload remain remote remove \
    removed rename render repeat replace replaced replacement reply report repository represent request \
    require required reserve reset resolve resource response rest restart restore restrict result resume \
    retry return reverse review revision revoke right role rollback root rotate round route routed \
    router row rule run runner running runtime safe sale salt same sample sandbox save saved scale scan \
    schedule schema schluessel scope score screen script scroll sdk search season second secret secreto \
    secrets section secure security see seed segredo segreto select selected selection self send sender \
    senha sensitive sent separate sequence serial series serve server service session set setting \
    settings setup several shadow shape share shared sheet shell shift ship shop short should show side \
    sign signal signature signed signing silent similar simple since single sit site size skip slack \
    slash sleep slice slide slot slow small smart smtp snapshot so social socket software some someone \
    something somewhere soon sort sound source space spam span spec special specific speed spider split \
    spring sprite square stable stack staff stage staging standard staple star start state statement \
    static station status step still stock stop storage store stored story strategy stream street strict \
    string stripe strong struct structure stub student stuff style sua subject submit subscription \
    success such suffix suite summary sunshine super superman supply support supported sure surface \
    suspend switch symbol sync syntax synthetic system table tag take talk target task team technical \
    temp template temporary tenant term terminal test tested tester testing tests text than thank that \
    the their them theme then there these they thing think this those thread threshold through throw \
    thumb ticket time timeout timer timestamp title to todo together toggle token tokens tool toolbar \
    tooltip top topic total touch trace track traffic train training transaction transfer transform \
    transition translate translation transparent transport trash tree trigger true truncated trust \
    trustno try tu turn tus tutorial twitter type ui undefined under union unique unit unix unknown \
    unless unlock until up update updated upgrade upload upper us usage use used user username using \
    usual util utility valid validate validation value values variable variant vault vector vendor \
    verbose verify version vertical very video view viewer virtual visible visit visitor visual voice \
    void volume votre wachtwoord wait walk wall want warning was watch water wave way we weather web \
    webhook website week weight welcome well were what when where whether which while white who whole \
    whose why wide widget width wiki will window windows wire with within without word work worker \
    workflow working workspace world would wrap wrapper write writer written wrong xyz yahoo year yellow \
    yes yet you your yourself youtube zero zone zoom";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_cover_what_people_write() {
        assert_eq!(covered(b"your-key-here"), 11);
        assert_eq!(covered(b"yourApiKeyHere"), 14);
        assert_eq!(covered(b"YOURAPIKEYHERE"), 8);
        assert_eq!(covered(b"kZ8tEsTQmW1pL0vRb7NfYc2"), 0);
    }

    #[test]
    fn a_name_is_made_of_words() {
        let words = |name: &str| {
            let joined = Joined::of(name.as_bytes());
            joined.words().map(|word| String::from_utf8(word.to_vec()).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(words("API_KEY"), ["api", "key"]);
        assert_eq!(words("apiKeyV2.XMLToken"), ["api", "key", "v2", "xml", "token"]);
        assert_eq!(words(&"A-".repeat(300)).len(), 255);
    }

    /// However it is written, and where there is no room for more.
    #[test]
    fn the_words_of_a_name_are_its_humps() {
        let slow = |text: &[u8]| {
            let words = text.split(|byte| !byte.is_ascii_alphanumeric()).flat_map(humps);
            words.fold(vec![b'_'], |joined, word| [&joined[..], &word.to_ascii_lowercase(), b"_"].concat())
        };
        let letters = b"aBcDEf9_-.\xc3";
        let mut state = 7u32;
        for length in 0..1000 {
            let text: Vec<u8> = (0..length % 255)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    letters[(state >> 20) as usize % letters.len()]
                })
                .collect();
            let joined = Joined::of(&text);
            assert_eq!(joined.bytes[..joined.length], slow(&text), "{}", String::from_utf8_lossy(&text));
        }
        assert_eq!(Joined::of(&[b'a'; 600]).length, ROOM - 1);
    }

    #[test]
    fn a_name_has_words_in_a_row() {
        for (name, words) in [
            ("dbPassword", "password"),
            ("dbpassword", "password"),
            ("my-api-keys", "api_key"),
            ("PASSWORD2", "password"),
            ("api_key12_prod", "api_key"),
        ] {
            assert!(Joined::of(name.as_bytes()).has(words), "{name}");
        }
        for (name, words) in [
            ("apikey", "api_key"),
            ("bypass", "pass"),
            ("passwordless", "password"),
            ("password1234", "password"),
            ("", "key"),
        ] {
            assert!(!Joined::of(name.as_bytes()).has(words), "{name}");
        }
    }
}
