/** The page about pytest, followed from the tarball. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readPage } from '../kit/docs.ts'
import { pythonWithPytest } from './others.ts'
import { commandsOf, projectOf, runIn, standInApi } from './project.ts'

/** What the app uses of the package `openai`, which no registry here has. It finds its API in the same way. */
const OPENAI = `
import json, os, types, urllib.request

class OpenAI:
    def __init__(self):
        self.url, key = os.environ["OPENAI_BASE_URL"] + "/responses", os.environ["OPENAI_API_KEY"]
        self.headers = {"content-type": "application/json", "authorization": "Bearer " + key}
        self.responses = self

    def create(self, **params):
        body = json.dumps(params, separators=(",", ":")).encode()
        with urllib.request.urlopen(urllib.request.Request(self.url, data=body, headers=self.headers)) as response:
            message = json.load(response)["output"][-1]
        return types.SimpleNamespace(output_text="".join(part["text"] for part in message["content"]))
`

const MISS = `
from app import greet
def test_makes_nothing_of_it():
    assert greet("Bob") == "Hello!"
`

const FAULTS = `
import pytest
from app import greet
def test_has_an_answer_after_one_that_broke(fault):
    fault("refuse:503", times=1)
    assert [greet("Ada") == "Hello!", "Ada" in greet("Ada")] == [True, True]
def test_is_told_of_a_fault_that_there_is_not(fault):
    with pytest.raises(pytest.fail.Exception, match='There is no fault "resett"'):
        fault("resett")
`

test('its tests are recorded, pass without a key, and the one that misses a fixture fails, in workers, too', async ({
  skip,
}) => {
  const python = await pythonWithPytest()
  skip(python === undefined, 'there is no pytest with xdist')
  const page = await readPage('docs/pytest.md')
  const folder = await projectOf(page, [])
  await writeFile(join(folder, 'openai.py'), OPENAI)
  const [record = '', replay = '', workers = ''] = commandsOf(page)
  const ask = (command: string, env?: Record<string, string>) =>
    runIn(folder, command.replace('-- pytest', `-- ${python} -m pytest -p no:cacheprovider`), env)

  const api = await standInApi()
  const recorded = await ask(record, api.env)
  expect(recorded.output).toContain('1 passed, 1 skipped')
  expect([recorded.code, api.asked()]).toEqual([0, 1])

  const replayed = await ask(replay)
  expect(replayed.output).toContain('2 passed')
  expect(replayed.code).toBe(0)

  await writeFile(join(folder, 'test_miss.py'), MISS)
  await writeFile(join(folder, 'test_faults.py'), FAULTS)
  const missed = await ask(workers)
  expect(missed.output).toContain('1 failed, 4 passed')
  expect(missed.output).toContain('FAILED test_miss.py::test_makes_nothing_of_it')
  expect(missed.output).toMatch(/^No fixture for this request/m)
  expect(missed.code).toBe(1)
})
