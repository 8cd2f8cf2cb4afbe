import { playCrashes } from './crash-points.ts'
import { ofPeople } from './scenarios.ts'

await playCrashes('people', ofPeople)
