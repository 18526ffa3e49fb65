/** The kinds of keys and tokens that are known, and how each looks. */
import { type Match, type Rule, secretAt } from './match.ts'

/**
 * A rule of one expression. If it has a group `secret`, which stands at its end, that alone is redacted. No repetition is
 * without a bound: one that runs over several megabytes overflows the stack of the expression.
 */
const pattern = (
  kind: string,
  hints: readonly string[],
  expression: RegExp,
  counts: (match: RegExpExecArray) => boolean = () => true,
): Rule => ({
  find: (text) =>
    Array.from(text.matchAll(expression))
      .filter(counts)
      .map(({ index, 0: whole, groups }) => {
        const end = index + whole.length
        return secretAt(end - (groups?.secret ?? whole).length, end, kind)
      }),
  hints,
})

/** A token that a mark in the middle tells. */
interface Marked {
  readonly mark: string
  /** One character that may stand before the mark. */
  readonly part: RegExp
  /** What it begins with. */
  readonly begin: string
  /** How many characters stand before the mark. */
  readonly least: number
  readonly most: number
  /** What follows the mark, within {@link MAX_AFTER} characters. */
  readonly after: RegExp
}

const MAX_AFTER = 256

/**
 * The rule for such a token. It is read backwards from its mark, and no character twice: an expression that looked for
 * its beginning would look from everywhere.
 */
const marked = (kind: string, { mark, part, begin, least, most, after }: Marked): Rule => ({
  find(text) {
    const matches: Match[] = []
    let [run, seen, from] = [0, 0, 0]
    for (let at = text.indexOf(mark); at !== -1; at = text.indexOf(mark, at + mark.length)) {
      for (let before = at - 1; before >= seen; before--) {
        if (part.test(text[before] ?? '')) continue
        run = before + 1
        break
      }
      seen = at
      const first = Math.max(run, from, at - most)
      const lead = text.slice(first, at).indexOf(begin)
      const rest = after.exec(text.slice(at + mark.length, at + mark.length + MAX_AFTER))
      if (!rest || lead === -1 || first + lead > at - least) continue
      from = at + mark.length + rest[0].length
      matches.push(secretAt(first + lead, from, kind))
    }
    return matches
  },
  hints: [mark],
})

/** A token that stands alone: no character that could belong to it comes before or after it. */
const token = (kind: string, hints: readonly string[], source: string): Rule =>
  pattern(kind, hints, new RegExp(String.raw`(?<![\w-])(?:${source})(?![\w-])`, 'g'))

/** A token with a prefix that no word has. It must not follow a letter; anything may come after it. */
const prefixed = (kind: string, hints: readonly string[], source: string): Rule =>
  pattern(kind, hints, new RegExp(`(?<![A-Za-z])(?:${source})`, 'g'))

/**
 * A random part: at least `length` characters, with a digit and a letter among the first 100, so that hyphenated words do
 * not count. The bound keeps a text full of beginnings from taking quadratic time.
 */
const random = (length: number) => String.raw`(?=[\w-]{0,100}\d)(?=[\w-]{0,100}[A-Za-z])[\w-]{${length},99999}`

/** What documentation puts in place of a password: a variable, or one character again and again. */
const STAND_IN = /\{[^}]{1,50}\}|%[A-Z_]{1,30}%|\$[A-Z_]{1,30}|\$\([^)]{1,50}\)|^(.)\1{3,}$/

/** How the names of variables end that hold a secret. A value ends before a slash with the next one behind it. */
const VARIABLE = '(?:(?:API|SECRET|ACCESS|PRIVATE|AUTH|MASTER|SIGNING|ENCRYPTION)_KEY|TOKEN|SECRET|PASSWORD|PASSWD)'

const PASSWORD_WORD = /^(?:password|mypassword|your_password|secret|pass|user|username|root|admin)$/i

/** Whether the login of a database is a real one, and not an example. */
const isDatabaseLogin = ({ groups: { user, password = '' } = {} }: RegExpExecArray): boolean =>
  password.length >= 4 && password !== user && !STAND_IN.test(password) && !PASSWORD_WORD.test(password)

/** Whether the login in the address of a page is a real one, and not an example. */
const isWebLogin = ({ groups: { password = '' } = {} }: RegExpExecArray): boolean =>
  !STAND_IN.test(password) && !/password/i.test(password)

/** All known kinds. They cover what secretlint's recommended rules find, and more: a test compares the two. */
export const KNOWN: readonly Rule[] = [
  pattern(
    'private-key',
    ['PRIVATE KEY'],
    // A key ends before the next beginning at the latest: without that the search would be quadratic in the number of
    // beginnings. A key that was cut off counts as far as it goes.
    /-----BEGIN ?[A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:(?:(?!-----BEGIN )[\s\S]){0,99999}?-----END ?[A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----|[A-Za-z0-9+/=\s\\]{64,99999})/g,
  ),
  prefixed('anthropic-key', ['sk-ant-'], `sk-ant-${random(20)}`),
  token('openai-key', ['sk-'], `sk-${random(20)}`),
  marked('openai-key', {
    mark: 'T3BlbkFJ',
    part: /[\w-]/,
    begin: 'sk-',
    least: 23,
    most: 203,
    after: /^[\w-]{20,200}/,
  }),
  prefixed(
    'github-token',
    ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_', 'github_pat_'],
    String.raw`ghs_\d{1,20}_[\w-]{1,200}\.[\w-]{1,10000}\.[\w-]{1,1000}|gh[pousr]_(?:[A-Za-z0-9]{36,99999}|\w{36}(?!\w))|github_pat_\w{22,99999}`,
  ),
  marked('github-token', {
    mark: ':x-oauth-basic',
    part: /[^\s/:]/,
    begin: '',
    least: 0,
    most: 256,
    after: /^(?=@github.com\/)/,
  }),
  prefixed('gitlab-token', ['gl'], String.raw`gl(?:pat|dt|rt|ptt)-[\w-]{20,99999}(?:\.[\w-]{2,99999}){0,2}`),
  token('aws-key', ['AKIA', 'ASIA'], '(?:AKIA|ASIA)[A-Z0-9]{16}'),
  pattern(
    'aws-secret',
    ['secret', 'Secret', 'SECRET'],
    /secret[_-]?access[_-]?key[\\"']{0,4}\s{0,20}(?:=>|[:=>])\s{0,20}[\\"']{0,4}(?<secret>[A-Za-z0-9/+=]{40,99999})/gi,
  ),
  token('google-key', ['AIza'], String.raw`AIza[\w-]{35}`),
  pattern(
    'slack-token',
    ['xox', 'xapp-'],
    new RegExp(String.raw`\b(?:xox[abeoprs]|xapp)-(?:[A-Za-z0-9]{1,999}-[A-Za-z0-9-]{1,9999}|${random(10)})`, 'g'),
  ),
  pattern('slack-webhook', ['://'], /https:\/\/hooks\.slack\.com\/services\/T\w{1,100}\/B\w{1,100}\/\w{1,999}/gi),
  prefixed('stripe-key', ['_live_', '_test_'], '[rs]k_(?:live|test)_[A-Za-z0-9]{16,99999}'),
  prefixed('npm-token', ['npm_'], String.raw`npm_\w{36}(?!\w)`),
  pattern('npm-token', ['_authToken='], /_authToken=(?=[^$])[\\"']{0,3}[^\s"'\\,;]{0,99999}/g),
  prefixed('huggingface-token', ['hf_'], 'hf_[A-Za-z0-9]{30,99999}'),
  prefixed('sendgrid-key', ['SG.'], String.raw`SG\.(?=[\w.-]{60})[\w-]{1,128}\.[\w-]{1,9999}`),
  prefixed('shopify-token', ['shp'], 'shp(?:pa|ca|at|ss)_[A-Za-z0-9]{32,99999}'),
  prefixed('grafana-token', ['glc_', 'glsa_'], 'glc_[A-Za-z0-9+/]{32,99999}={0,2}|glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}'),
  prefixed('groq-key', ['gsk_'], 'gsk_[A-Za-z0-9]{52,99999}'),
  prefixed('linear-key', ['lin_'], String.raw`lin_(?:api|oauth)_\w{32,99999}`),
  prefixed('notion-token', ['ntn_'], String.raw`ntn_\d{11}[A-Za-z0-9]{35,99999}`),
  prefixed('1password-token', ['ops_ey'], 'ops_ey[A-Za-z0-9+/=]{100,99999}'),
  prefixed('hashicorp-vault-token', ['hvs.', 'hvb.', 'hvr.'], String.raw`hv[sbr]\.[\w-]{24,99999}`),
  prefixed('vercel-token', ['vcp_', 'vci_', 'vca_', 'vcr_', 'vck_'], 'vc[piark]_[A-Za-z0-9]{20,99999}'),
  prefixed('databricks-token', ['dapi'], 'dapi[A-Fa-f0-9]{32,99999}(?:-[0-9])?'),
  prefixed('docker-token', ['dckr_pat_'], String.raw`dckr_pat_[\w-]{27,99999}`),
  prefixed('figma-token', ['figd_'], String.raw`figd_[\w-]{40,99999}`),
  prefixed('cloudflare-token', ['cfk_', 'cfut_', 'cfat_'], '(?:cfk|cfut|cfat)_[A-Za-z0-9]{48,99999}'),
  prefixed('tailscale-key', ['tskey-'], String.raw`tskey-[a-z]{2,20}-\w{8,40}-\w{16,99999}`),
  prefixed('digitalocean-token', ['_v1_'], 'do[opr]_v1_[a-f0-9]{64}'),
  prefixed('pypi-token', ['pypi-'], String.raw`pypi-AgE[\w-]{50,99999}`),
  prefixed('replicate-token', ['r8_'], 'r8_[A-Za-z0-9]{37,99999}'),
  prefixed('perplexity-key', ['pplx-'], 'pplx-[A-Za-z0-9]{40,99999}'),
  prefixed('xai-key', ['xai-'], 'xai-[A-Za-z0-9]{40,99999}'),
  // Those that a page in a browser is given, for one session.
  prefixed('openai-key', ['ek_'], String.raw`ek_(?=\w{0,100}\d)[A-Za-z0-9]{24,99999}`),
  prefixed(
    'google-token',
    ['ya29.', 'GOCSPX-', '1//0'],
    String.raw`ya29\.[\w-]{30,99999}|GOCSPX-[\w-]{28,999}|(?<!\d)1\/\/0[\w-]{40,99999}`,
  ),
  prefixed('google-key', ['AQ.'], String.raw`AQ\.${random(40)}`),
  prefixed(
    'bedrock-key',
    ['ABSK', 'bedrock-api-key-'],
    'ABSK[A-Za-z0-9+/]{100,999}={0,2}|bedrock-api-key-[A-Za-z0-9+/]{40,99999}={0,2}',
  ),
  marked('azure-key', {
    mark: 'JQQJ99',
    part: /[A-Za-z0-9]/,
    begin: '',
    least: 52,
    most: 52,
    after: /^[A-Za-z0-9]{26}(?![A-Za-z0-9])/,
  }),
  prefixed('nvidia-key', ['nvapi-'], String.raw`nvapi-[\w-]{50,99999}`),
  prefixed('cerebras-key', ['csk-'], 'csk-[a-z0-9]{40,99999}'),
  prefixed('fireworks-key', ['fw_'], String.raw`fw_(?=\w{0,100}\d)[A-Za-z0-9]{22,99999}`),
  prefixed('tavily-key', ['tvly-'], `tvly-${random(24)}`),
  prefixed('langsmith-key', ['lsv2_'], 'lsv2_[a-z]{2}_[a-f0-9]{32}_[a-f0-9]{10}'),
  prefixed('pinecone-key', ['pcsk_'], String.raw`pcsk_\w{40,99999}`),
  prefixed('jina-key', ['jina_'], String.raw`jina_[\w-]{40,99999}`),
  prefixed('webhook-secret', ['whsec_'], 'whsec_[A-Za-z0-9+/]{24,99999}={0,2}'),
  prefixed('atlassian-token', ['ATATT3'], String.raw`ATATT3[\w-]{100,99999}(?:=[A-F0-9]{8})?`),
  prefixed('supabase-key', ['sb_secret_'], String.raw`sb_secret_[\w-]{20,99999}`),
  prefixed('age-key', ['AGE-SECRET-KEY-1'], 'AGE-SECRET-KEY-1[A-Z0-9]{58}'),
  token('telegram-token', [':AA'], String.raw`\d{8,10}:AA[\w-]{33}`),
  pattern(
    'azure-key',
    ['AccountKey=', 'AccessKey='],
    /(?:Account|SharedAccess)Key=(?<secret>[A-Za-z0-9+/]{40,99999}={0,2})/g,
  ),
  // A header as it stands in a command or in a log.
  pattern(
    'bearer-token',
    ['uthorization', 'UTHORIZATION'],
    /\bauthorization[\\"']{0,4}\s{0,20}[:=]\s{0,20}[\\"']{0,4}(?:bearer|token|api-?key|key|dpop)\s{1,20}(?<secret>(?=[\w.~+/-]{0,100}\d)[\w.~+/-]{20,99999}={0,2})/gi,
  ),
  pattern(
    'basic-auth',
    ['uthorization', 'UTHORIZATION'],
    /\bauthorization[\\"']{0,4}\s{0,20}[:=]\s{0,20}[\\"']{0,4}basic\s{1,20}(?<secret>[A-Za-z0-9+/]{12,99999}={0,2})/gi,
  ),
  pattern(
    'database-connection-string',
    ['://'],
    /(?:jdbc:)?(?:mongodb(?:\+srv)?|mysqlx?|postgres(?:ql)?|rediss?|valkeys?|amqps?|mssql|sqlserver|clickhouse):\/\/(?<user>[^:/\s]{0,100}):(?<password>[^@/\s]{1,200})@[^\s"'`<>]{0,99999}/gi,
    isDatabaseLogin,
  ),
  pattern(
    'basic-auth',
    ['://'],
    /(?<=(?:https?|ftps?):\/\/)(?<user>[^\s:@/?#"'<>\\[\]]{2,256}):(?<password>[^\s:@/?#"'<>\\[\]]{4,256})(?=@)/g,
    isWebLogin,
  ),
  // What a name in front of it tells: of a header, or of a variable. A known kind comes before it, and says more.
  pattern(
    'credential',
    ['pi-key', 'pi-Key', 'Pi-Key', 'PI-KEY', 'ption-key', 'ption-Key', 'PTION-KEY'],
    new RegExp(
      String.raw`(?:api|subscription)-key[\\"']{0,4}\s{0,20}:\s{0,20}[\\"']{0,4}(?<secret>${random(16)})`,
      'gi',
    ),
  ),
  pattern(
    'credential',
    ['_KEY', 'TOKEN', 'SECRET', 'PASSW'],
    new RegExp(
      String.raw`${VARIABLE}(?:=[\\"']{0,4}|[\\"']{0,4}\s{0,20}[:=]\s{0,20}[\\"']{1,4})(?<secret>(?=[\w+/~-]{0,100}\d)(?=[\w+/~-]{0,100}[A-Za-z])(?:[\w+~-]|/(?!\w{0,60}${VARIABLE}=)){16,99999}={0,2})`,
      'g',
    ),
  ),
  token('jwt', ['eyJ'], String.raw`eyJ[\w-]{8,99999}\.eyJ[\w-]{8,99999}\.[\w-]{8,99999}`),
]
