/** The official SDKs, by what they stream. A new one is a file and a row here. */
import { aiClients } from './ai.ts'
import { anthropicClients } from './anthropic.ts'
import { azureClients } from './azure.ts'
import { bedrockClients } from './bedrock.ts'
import { cohereClients } from './cohere.ts'
import { genaiClients } from './genai.ts'
import { groqClients } from './groq.ts'
import { langchainClients } from './langchain.ts'
import { mistralClients } from './mistral.ts'
import { ollamaClients } from './ollama.ts'
import { openaiClients } from './openai.ts'
import { responsesClients } from './responses.ts'

export const CLIENTS = [
  ...openaiClients,
  ...responsesClients,
  ...azureClients,
  ...anthropicClients,
  ...genaiClients,
  ...mistralClients,
  ...cohereClients,
  ...groqClients,
  ...ollamaClients,
  ...bedrockClients,
  ...aiClients,
  ...langchainClients,
]
