/**
 * Words and phrases that people take for passwords when they must take a long one: from 8 characters on, folded. With what `isGuessable` makes of
 * them (repeated, joined, with digits and signs around them) they cover most of what leaks; the host's `breached` check covers the rest.
 */
const WORDS = `
password passwort passw0rd p@ssword p@ssw0rd pa55word pa$$word password1 contrasena motdepasse senhasenha salasana wachtwoord
trustno1 letmein1 letmeinnow iloveyou iloveyou2 iloveyou1 ilovegod iloveme loveyou sunshine princess football baseball basketball superman batman spiderman
starwars pokemon1 whatever computer internet keyboard samsung microsoft facebook linkedin instagram welcome welcome1 welcome123 dragon123 monkey123 shadow123
master123 admin123 administrator adminadmin rootroot testtest test1234 testing123 changeme changeme1 changeit changethis default1 secret12 secretpassword
abcd1234 abc12345 a1b2c3d4 a1b2c3d4e5 1q2w3e4r 1q2w3e4r5t 1qaz2wsx 1qaz2wsx3edc q1w2e3r4 q1w2e3r4t5 zaq12wsx zaq1xsw2 qazwsxedc qazwsx123 qwer1234 asdf1234 asdfasdf
zxcvbnm1 qwertyui qwerty12 qwerty123 qwerty1234 qwertyqwerty 1234qwer 12qwaszx qweasdzxc qweasd123 asdfghjkl zxcvbnm123 michael1 jennifer jordan23 michelle charlie1
liverpool arsenal1 chelsea1 barcelona realmadrid juventus manchester united123 mustang1 harley123 corvette mercedes ferrari1 porsche1
butterfly chocolate strawberry cheesecake sunflower rainbow1 snowball blink182 metallica nirvana1 slipknot greenday eminem123 hellokitty helloworld hello123 hello1234
mynameis nothing1 forever1 freedom1 pleaseletmein letmeinplease opensesame openthedoor thisismypassword thisisapassword mypassword mypassword1 mysecretpassword
ihatepasswords ihateyou iamgroot ilovemymom ilovemydad ilovemywife ilovemyfamily iloveyouforever godisgood jesuschrist jesusislord blessed1 heavenly
correcthorsebatterystaple correct horse battery staple tobeornottobe maytheforcebewithyou winteriscoming summer2023 summer2024 summer2025 summer2026 winter2023 winter2024
winter2025 winter2026 spring2024 spring2025 spring2026 autumn2024 autumn2025 autumn2026 january2026 december2025 monday123 company1 company123 office123 access14 access123 
password123 password1234 password12345 passwordpassword loginlogin userpassword guestguest temporary temppassword newpassword newpassword1 oldpassword
the quick brown fox thequickbrownfox lorem ipsum loremipsum loremipsumdolor supercalifragilisticexpialidocious
`;

/** The phrases are lines of words: what has a space in it is listed here a second time as a whole. */
const PHRASES = ['correct horse battery staple', 'the quick brown fox', 'lorem ipsum'];

/** What people type along the keyboard or the alphabet, forwards or backwards. */
export const SEQUENCES: readonly string[] = [
  '01234567890',
  'abcdefghijklmnopqrstuvwxyz',
  'qwertyuiopasdfghjklzxcvbnm',
  'qwertzuiopasdfghjklyxcvbnm',
  'azertyuiopqsdfghjklmwxcvbn',
  '1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p',
  'qazwsxedcrfvtgbyhnujmikolp',
  '1q2w3e4r5t6y7u8i9o0p',
  '!@#$%^&*()',
];

const SHORTEST = 8;

/** The bundled list: each entry of 8 characters or more, folded. */
export const COMMON_PASSWORDS: ReadonlySet<string> = new Set(
  [...WORDS.split(/\s+/), ...PHRASES].filter((word) => word.length >= SHORTEST),
);
