// Contract suites as data, one file a port: run each case in the test runner of your choice.

export { backendContract } from './contract/backend.ts'
export type {
  BackendContractFlags,
  BackendSubject,
  ContractCase,
  ContractTicket,
  TicketCondition,
} from './contract/subject.ts'
export { connectionContract } from './contract/connection-contract.ts'
export type {
  ConnectionContractFlags,
  ConnectionSubject,
  ContractArrival,
  ContractClient,
  MakeConnectionSubject,
} from './contract/connection-subject.ts'
