/** An app that was not written for deltatape: its client is made when it is loaded, and it hides what goes wrong. */
import OpenAI from 'openai'

const openai = new OpenAI()

export const greet = async (name: string): Promise<string> => {
  try {
    const { output_text } = await openai.responses.create({ model: 'gpt-4.1-mini', input: `My name is ${name}.` })
    return output_text
  } catch {
    return 'Hello!'
  }
}

export async function* tell(name: string): AsyncGenerator<string> {
  const input = `My name is ${name}.`
  const stream = await openai.responses.create({ model: 'gpt-4.1-mini', input, stream: true })
  for await (const event of stream) if (event.type === 'response.output_text.delta') yield event.delta
}
