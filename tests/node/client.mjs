// Drives the official artifact client: node client.mjs upload NAME FILE | download ID DIR | find ID DIR RUN OWNER NAME TOKEN
// | delete NAME. Prints one line of JSON, after whatever the client itself says.
import { DefaultArtifactClient } from '@actions/artifact'
import path from 'node:path'

const [command, ...words] = process.argv.slice(2)
const client = new DefaultArtifactClient()
const commands = {
  upload: (name, file) => client.uploadArtifact(name, [file], path.dirname(file), { retentionDays: 5 }),
  download: (id, folder) => client.downloadArtifact(Number(id), { path: folder }),
  find: async (id, folder, run, owner, repository, token, digest) => {
    const findBy = { token, workflowRunId: Number(run), repositoryOwner: owner, repositoryName: repository }
    const { artifacts } = await client.listArtifacts({ findBy })
    const done = await client.downloadArtifact(Number(id), { path: folder, findBy, expectedHash: digest })
    return { artifacts, ...done }
  },
  list: () => client.listArtifacts({}),
  delete: (name) => client.deleteArtifact(name),
}
const answer = await commands[command](...words)
console.log(`\n${JSON.stringify(answer)}`)
