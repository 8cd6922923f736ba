import { answersOfTomorrow } from "./answers.js"
import { planes } from "./utils.js"

answersOfTomorrow((endpoint) => planes(endpoint))
