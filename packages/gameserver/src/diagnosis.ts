// What `ticketgate doctor --native` asks, for tools like it.

export { checkBinding, checkSteamLibrary } from './diagnosis/check-library.ts'
export { guessSdkVersion } from './diagnosis/guess-sdk-version.ts'
export { rightFile } from './faults/explain-load-failure.ts'
export {
  type SearchedPlace,
  type SearchOptions,
  type SteamLibrarySearch,
  searchSteamLibrary,
  steamLibraryName,
} from './library/find-steam-library.ts'
