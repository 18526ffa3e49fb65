/** Secrets of known kinds, made up, and put together here, so that no scanner takes them for real ones. */
export const SECRETS = {
  'openai-key': `sk-${'proj'}-Ab3dEf6hIj9kLm2nOp5qRs8t`,
  'anthropic-key': `sk-${'ant'}-api03-Ab3dEf6hIj9kLm2nOp5q`,
  'github-token': `ghp_${'a1B2c3D4e5F6g7H8i9J0'.repeat(2)}`.slice(0, 40),
  'gitlab-token': `glpat-${'Ab3dEf6hIj9kLm2nOp5q'}`,
  'aws-key': `AKIA${'IOSFODNN7EXAMPLE'}`,
  'google-key': `AIza${'SyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q'}`.slice(0, 39),
  'slack-token': `xoxb-${'123456789012-abcdefGHIJ'}`,
  'stripe-key': `sk_live_${'4eC39HqLyjWDarjtT1zdp7dc'}`,
  'npm-token': `npm_${'a1B2c3D4e5F6g7H8i9J0a1B2c3D4e5F6g7H8'}`,
  'huggingface-token': `hf_${'AbCdEfGhIjKlMnOpQrStUvWxYz012345'}`,
  jwt: `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.${'dozjgNryP4J3jVmNHl0w5N'}`,
  'private-key': `-----BEGIN RSA ${'PRIVATE'} KEY-----\nMIIEow\n-----END RSA ${'PRIVATE'} KEY-----`,
}
