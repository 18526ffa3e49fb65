/** Secrets that look real, made up when the tests run: as literals every scanner would take them for real ones. */

/** Text from a seed: the same again for the same seed. */
function textFrom(seed: number) {
  let state = seed >>> 0
  const next = () => {
    state = (state * 1664525 + 1013904223) >>> 0
    return state / 2 ** 32
  }
  return (length: number, alphabet: string): string =>
    Array.from({ length }, () => alphabet[Math.floor(next() * alphabet.length)]).join('')
}

const DIGITS = '0123456789'
const HEX = `${DIGITS}abcdef`
const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
const LETTERS = `${UPPER}${UPPER.toLowerCase()}`
const WORD = `${LETTERS}${DIGITS}`

export interface Sample {
  /** The kind that the redactor calls it. */
  readonly kind: string
  /** The rule of secretlint that finds it, where one does. */
  readonly rule?: string
  /** What has to be hidden. */
  readonly secret: string
  /** A text that holds it, as people write it. */
  readonly text: string
}

/** One secret of each kind. */
export function samplesFrom(seed: number): Sample[] {
  const text = textFrom(seed)
  const word = (length: number) => text(length, WORD)
  const alone = (kind: string, rule: string | undefined, secret: string): Sample => ({
    kind,
    ...(rule === undefined ? {} : { rule }),
    secret,
    text: secret,
  })
  const pem = (name: string) =>
    `-----BEGIN ${name}-----\nMII${word(61)}\n${word(64)}\n${word(40)}==\n-----END ${name}-----`
  const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64')
  const password = word(18)
  const awsSecret = text(40, `${WORD}/+`).replace(/.$/, 'x')
  const authToken = word(36)
  const azureKey = `${text(86, `${WORD}/+`)}==`
  const bearer = `7${word(39)}`
  const webhook = `https://hooks.slack.com/services/T${text(8, UPPER)}/B${text(8, UPPER)}/${word(24)}`
  return [
    alone('openai-key', 'openai', `sk-proj-${word(74)}T3BlbkFJ${word(74)}`),
    alone('openai-key', 'openai', `sk-${word(20)}T3BlbkFJ${word(20)}`),
    alone('anthropic-key', 'anthropic', `sk-ant-api03-${word(93)}AA`),
    alone('github-token', 'github', `ghp_${word(36)}`),
    alone('github-token', 'github', `github_pat_${word(22)}_${word(59)}`),
    alone('github-token', 'github', `ghs_${text(7, DIGITS)}_${word(40)}.${word(80)}.${word(43)}`),
    alone('gitlab-token', 'gitlab', `glpat-${word(20)}`),
    alone('aws-key', undefined, `AKIA${text(16, `${UPPER}234567`)}`),
    { kind: 'aws-secret', rule: 'aws', secret: awsSecret, text: `AWS_SECRET_ACCESS_KEY = "${awsSecret}"` },
    alone('google-key', undefined, `AIza${word(35)}`),
    alone('slack-token', 'slack', `xoxb-${text(12, DIGITS)}-${text(12, DIGITS)}-${word(24)}`),
    alone('slack-webhook', 'slack', webhook),
    alone('stripe-key', 'stripe', `sk_live_${word(24)}`),
    alone('npm-token', 'npm', `npm_${word(36)}`),
    { kind: 'npm-token', secret: authToken, text: `//packages.example.com/:_authToken=${authToken}` },
    alone('huggingface-token', 'huggingface', `hf_${text(34, LETTERS)}`),
    alone('sendgrid-key', 'sendgrid', `SG.${word(22)}.${word(43)}`),
    alone('shopify-token', 'shopify', `shpat_${text(32, HEX)}`),
    alone('grafana-token', 'grafana', `glc_${base64({ o: text(6, DIGITS), n: word(8), k: word(24) })}`),
    alone('grafana-token', 'grafana', `glsa_${word(32)}_${text(8, HEX)}`),
    alone('groq-key', 'groq', `gsk_${word(52)}`),
    alone('linear-key', 'linear', `lin_api_${word(40)}`),
    alone('notion-token', 'notion', `ntn_${text(11, DIGITS)}${word(35)}`),
    alone(
      '1password-token',
      '1password',
      // Three bytes more or less shift the end of the base64, which is always that of `"}`.
      `ops_${base64({ email: `${word(12)}@example.com`, secretKey: word(34), userAuth: { salt: word(22) } })}`,
    ),
    alone('hashicorp-vault-token', 'hashicorp-vault', `hvs.${word(95)}`),
    alone('vercel-token', 'vercel', `vcp_${word(48)}`),
    alone('databricks-token', 'databricks', `dapi${text(32, HEX)}`),
    alone('docker-token', 'docker', `dckr_pat_${word(27)}`),
    alone('figma-token', 'figma', `figd_${word(43)}`),
    alone('cloudflare-token', 'cloudflare', `cfut_${word(40)}${text(8, HEX)}`),
    alone('tailscale-key', 'tailscale', `tskey-auth-${word(16)}-${word(32)}`),
    alone('digitalocean-token', undefined, `dop_v1_${text(64, HEX)}`),
    alone('pypi-token', undefined, `pypi-AgEIcHlwaS5vcmc${word(185)}`),
    alone('replicate-token', undefined, `r8_${word(37)}`),
    alone('perplexity-key', undefined, `pplx-${word(48)}`),
    alone('xai-key', undefined, `xai-${word(80)}`),
    alone('telegram-token', undefined, `${text(10, '123456789')}:AA${word(33)}`),
    alone('age-key', undefined, `AGE-SECRET-KEY-1${text(58, `${UPPER}${DIGITS}`)}`),
    {
      kind: 'azure-key',
      secret: azureKey,
      text: `AccountName=a;AccountKey=${azureKey};EndpointSuffix=core.windows.net`,
    },
    { kind: 'bearer-token', secret: bearer, text: `curl -H 'Authorization: Bearer ${bearer}'` },
    alone('private-key', 'privatekey', pem(`RSA ${'PRIVATE'} KEY`)),
    alone('private-key', 'privatekey', pem(`${'PRIVATE'} KEY`)),
    {
      kind: 'database-connection-string',
      rule: 'database-connection-string',
      secret: password,
      text: `postgres://app:${password}@db.internal:5432/orders`,
    },
    {
      kind: 'basic-auth',
      rule: 'basicauth',
      secret: password,
      text: `https://deploy:${password}@git.example.net/app.git`,
    },
    alone('jwt', undefined, `eyJ${word(20)}.eyJ${word(40)}.${word(43)}`),
    ...ofModels(word, text),
    ...named(word),
  ]
}

type Word = (length: number) => string

/** Keys of those who sell answers of models, and of what agents are given beside. */
function ofModels(word: Word, text: ReturnType<typeof textFrom>): Sample[] {
  const keys: readonly (readonly [kind: string, secret: string])[] = [
    ['openai-key', `ek_${text(32, HEX)}`],
    ['google-token', `ya29.${word(120)}`],
    ['google-token', `GOCSPX-${word(28)}`],
    ['google-token', `1//0g${word(60)}`],
    ['google-key', `AQ.Ab8${word(48)}`],
    ['bedrock-key', `ABSK${word(128)}=`],
    ['bedrock-key', `bedrock-api-key-${word(120)}`],
    ['azure-key', `${word(52)}JQQJ99${word(26)}`],
    ['nvidia-key', `nvapi-${word(64)}`],
    ['cerebras-key', `csk-${text(48, `${UPPER.toLowerCase()}${DIGITS}`)}`],
    ['fireworks-key', `fw_7${word(23)}`],
    ['tavily-key', `tvly-dev-7${word(31)}`],
    ['langsmith-key', `lsv2_pt_${text(32, HEX)}_${text(10, HEX)}`],
    ['pinecone-key', `pcsk_${word(6)}_${word(60)}`],
    ['jina-key', `jina_${word(60)}`],
    ['webhook-secret', `whsec_${word(32)}`],
    ['atlassian-token', `ATATT3${word(180)}=${text(8, `${DIGITS}ABCDEF`)}`],
    ['supabase-key', `sb_secret_${word(22)}_${word(8)}`],
  ]
  return keys.map(([kind, secret]) => ({ kind, secret, text: secret }))
}

/** Credentials of no known kind that a name before them tells, in texts. */
function named(word: Word): Sample[] {
  const of = (kind: string, textOf: (secret: string) => string): Sample => {
    const secret = `7x${word(30)}`
    return { kind, secret, text: textOf(secret) }
  }
  return [
    of('credential', (secret) => `TAVILY_API_KEY=${secret}`),
    of('credential', (secret) => `export SESSION_SECRET="${secret}"`),
    of('credential', (secret) => `DB_PASSWORD='${secret}'`),
    of('credential', (secret) => `curl -H 'x-api-key: ${secret}' https://api.example.com`),
    of('credential', (secret) => `Ocp-Apim-Subscription-Key: ${secret}`),
    of('basic-auth', (secret) => `Authorization: Basic ${secret}`),
    of('bearer-token', (secret) => `"authorization": "Token ${secret}"`),
    of('database-connection-string', (secret) => `redis://:${secret}@cache.internal:6379/0`),
    of('database-connection-string', (secret) => `amqps://app:${secret}@mq.internal/orders`),
  ]
}

/** A JSON value that holds a credential of no known kind in a place that is made for one. */
export interface Placed {
  readonly place: string
  readonly value: Readonly<Record<string, unknown>>
  /** What has to be hidden. */
  readonly secret: string
}

/** One credential in each kind of place. */
export function placedFrom(seed: number): Placed[] {
  const text = textFrom(seed)
  const word = (length: number) => text(length, WORD)
  const placed = (place: string, secret: string, valueOf: (secret: string) => Record<string, unknown>): Placed => ({
    place,
    secret,
    value: valueOf(secret),
  })
  const mcp = (more: Record<string, unknown>) => ({
    tools: [{ type: 'mcp', server_label: 'crm', server_url: 'https://mcp.example.com/sse', ...more }],
  })
  const page = (query: string) => ({ input: [{ role: 'user', content: `See https://x.example/a?${query} (a page).` }] })
  return [
    placed('authorization of a tool', word(40), (authorization) => mcp({ authorization })),
    placed('authorization with a scheme', word(40), (secret) => mcp({ authorization: `Bearer ${secret}` })),
    placed('headers.Authorization', word(44), (secret) => mcp({ headers: { Authorization: `Bearer ${secret}` } })),
    placed('headers.X-Api-Key', word(40), (secret) => mcp({ headers: { 'X-Api-Key': secret } })),
    placed('headers.Cookie', word(30), (secret) => mcp({ headers: { Cookie: `a=1; sid=${secret}` } })),
    placed('headers as lists of values', word(30), (secret) =>
      mcp({ headers: { 'X-Access-Token': [secret, 'abcd'] } }),
    ),
    placed('http_headers', word(40), (secret) => mcp({ http_headers: { 'api-key': secret } })),
    placed('extra_headers', word(40), (secret) => ({ extra_headers: { 'x-goog-api-key': secret } })),
    placed('headers by name and value', word(40), (value) => mcp({ headers: [{ name: 'x-vault-token', value }] })),
    placed('headers by value and name', word(40), (value) => mcp({ headers: [{ value, name: 'x-vault-token' }] })),
    placed('headers in pairs', word(40), (secret) => ({ headers: [['Authorization', `Basic ${secret}`]] })),
    placed('access_token of a body', word(40), (access_token) => ({ token_type: 'Bearer', access_token })),
    placed('client_secret of a session', word(36), (value) => ({ client_secret: { value, expires_at: 1 } })),
    placed('apiKey of a model that is configured', word(36), (apiKey) => ({ models: [{ name: 'm', apiKey }] })),
    placed('refreshToken in the arguments of a call', word(36), (refreshToken) => ({
      input: [{ type: 'function_call', arguments: JSON.stringify({ refreshToken }) }],
    })),
    placed('env of a server that is configured', `7${word(36)}`, (secret) => ({ env: { CRM_TOKEN: secret } })),
    placed('domain_secrets', word(38), (value) => ({
      tools: [{ type: 'shell', network_policy: { domain_secrets: [{ domain: 'x.example', name: 'T', value }] } }],
    })),
    placed('server_url with a key', word(36), (secret) =>
      mcp({ server_url: `https://m.example/sse?api_key=${secret}` }),
    ),
    placed('?key=', word(30), (secret) => page(`key=${secret}&v=1`)),
    placed('?access_token=', word(30), (secret) => page(`v=1&access_token=${secret}`)),
    placed('S3', text(64, HEX), (secret) => page(`X-Amz-Expires=60&X-Amz-Signature=${secret}`)),
    placed('S3, its credential', word(20), (secret) => page(`X-Amz-Credential=${secret}%2F20260101%2Fus-east-1`)),
    placed('S3, its token', word(200), (secret) => page(`X-Amz-Security-Token=${secret}%3D%3D&x=y`)),
    placed('S3, the older form', word(27), (secret) => page(`AWSAccessKeyId=abcd&Signature=${secret}%3D&Expires=1`)),
    placed('Google', text(512, HEX), (secret) => page(`X-Goog-Date=1&X-Goog-Signature=${secret}`)),
    placed('Google, the older form', word(60), (secret) => page(`GoogleAccessId=a@b.example&Signature=${secret}`)),
    placed('Azure', word(43), (secret) => page(`sv=2024-11-04&se=2026-01-01&sig=${secret}%3D`)),
    placed('an address in an address', word(40), (secret) =>
      page(`url=https%3A%2F%2Fy.example%2Fb%3Fsig%3D${secret}%26x%3D1&w=640`),
    ),
    placed('arguments of a call', word(40), (secret) => ({
      input: [{ type: 'function_call', arguments: JSON.stringify({ headers: { authorization: `Bearer ${secret}` } }) }],
    })),
    placed('an answer within an answer', word(40), (secret) => ({
      output: JSON.stringify([{ text: JSON.stringify({ a: 'x"y', headers: { 'X-Api-Key': secret } }) }]),
    })),
  ]
}
