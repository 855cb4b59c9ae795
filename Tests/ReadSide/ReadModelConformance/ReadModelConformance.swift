/// The contract of `GenerationStore`, `PipelineStore` and `GenerationReader`, as checks that every kind of store passes.
package enum ReadModelConformance: String, CaseIterable, Sendable {
  // Lanes
  case aLaneIsTakenWithANewEpochAndWhatItHas
  case sessionsAreFoundByKeyByLiveGroupAndAsDue
  case aLaneIsHandedNoMoreSessionsThanItTakes
  case sessionsByEventTimeAreCorrectedAndForgotten
  case aCheckpointOfAnotherPositionChangesNothing
  case aCheckpointThatFailsAnywhereLeavesNothing
  case theLaterOfTwoWorkersOnALaneGoesOn
  case aLaneThatNobodyTookHoldsTheWatermarkBack
  case aClosedStoreChangesNothing
  // Groups and boards
  case lanesMergeInAnyOrder
  case aSumThatDoesNotFitIsNullUntilItDoes
  case membersAreKeptInAndOutAndInAgain
  case boardsAreKeptInAndOutAndInAgain
  case anEmptyGroupKeepsItsTimeUntilItIsTrimmed
  // Histories
  case historiesAreTrimmedByNumberAndByAge
  // The decider
  case stepsComeInTheOrderOfTheChanges
  case watchedGroupsAreKept
  case theLaterOfTwoDecidersGoesOn
  case boardsCloseByTheirEnds
  case closedBoardsAreTrimmedForGood
  // The outbox
  case effectsAreDueByNameAndTime
  case effectsOnOneTargetComeOneAfterTheOther
  case effectsAreRetriedGivenUpAndChanged
  case theItemsBehindRowsAreThoseOfTheInstant
  case anOutboxIsHandedOver
  case handedOverEffectsComeFirst
  case aHandOverMayBeRepeated
  // The catalogue
  case effectsAreActivatedOnce
  case effectsArePausedByName
  case theLedgerForgetsWhatIsOld
  case theFirstGenerationIsCurrent
  case aGenerationIsBuiltAndTakesThePlaceOfAnother
  case aRebuildIsANewGenerationOfTheSameDefinition
  case onlySoManyGenerationsAreKept
  case aGenerationThatWasGivenUpNeverServes
  case aGenerationOfAnotherDefinitionIsRefused
  // Readers
  case aSnapshotIsOfOneMoment
  case ranksFollowTheRows
  case ranksFollowPastATrimmedJournal
  case deadLettersAreBoundedTheSameInAnyOrder
  // Row hashes and digests
  case digestsAreThoseOfTheRowsHoweverTheyWereMade
  case rowsThatCheckpointsDidNotWriteAreFound

  package func run(_ fixture: StoreFixture) async throws {
    switch self {
    case .aLaneIsTakenWithANewEpochAndWhatItHas: try taking(fixture)
    case .sessionsAreFoundByKeyByLiveGroupAndAsDue: try findingSessions(fixture)
    case .aLaneIsHandedNoMoreSessionsThanItTakes: try handingSessions(fixture)
    case .sessionsByEventTimeAreCorrectedAndForgotten: try timedSessions(fixture)
    case .aCheckpointOfAnotherPositionChangesNothing: try comparing(fixture)
    case .aCheckpointThatFailsAnywhereLeavesNothing: try failing(fixture)
    case .theLaterOfTwoWorkersOnALaneGoesOn: try twoWorkers(fixture)
    case .aLaneThatNobodyTookHoldsTheWatermarkBack: try untakenLanes(fixture)
    case .aClosedStoreChangesNothing: try closing(fixture)
    case .lanesMergeInAnyOrder: try merging(fixture)
    case .aSumThatDoesNotFitIsNullUntilItDoes: try misfits(fixture)
    case .membersAreKeptInAndOutAndInAgain: try keepingMembers(fixture)
    case .boardsAreKeptInAndOutAndInAgain: try keepingBoards(fixture)
    case .anEmptyGroupKeepsItsTimeUntilItIsTrimmed: try emptyGroups(fixture)
    case .historiesAreTrimmedByNumberAndByAge: try histories(fixture)
    case .stepsComeInTheOrderOfTheChanges: try steps(fixture)
    case .watchedGroupsAreKept: try watched(fixture)
    case .theLaterOfTwoDecidersGoesOn: try twoDeciders(fixture)
    case .boardsCloseByTheirEnds: try closingBoards(fixture)
    case .closedBoardsAreTrimmedForGood: try trimmingBoards(fixture)
    case .effectsAreDueByNameAndTime: try due(fixture)
    case .effectsOnOneTargetComeOneAfterTheOther: try targets(fixture)
    case .effectsAreRetriedGivenUpAndChanged: try changing(fixture)
    case .theItemsBehindRowsAreThoseOfTheInstant: try itemsBehindRows(fixture)
    case .anOutboxIsHandedOver: try handingOver(fixture)
    case .handedOverEffectsComeFirst: try handedOverFirst(fixture)
    case .aHandOverMayBeRepeated: try handingOverAgain(fixture)
    case .effectsAreActivatedOnce: try activating(fixture)
    case .effectsArePausedByName: try pausing(fixture)
    case .theLedgerForgetsWhatIsOld: try ledger(fixture)
    case .theFirstGenerationIsCurrent: try firstGeneration(fixture)
    case .aGenerationIsBuiltAndTakesThePlaceOfAnother: try swapping(fixture)
    case .aRebuildIsANewGenerationOfTheSameDefinition: try rebuilding(fixture)
    case .onlySoManyGenerationsAreKept: try keptGenerations(fixture)
    case .aGenerationThatWasGivenUpNeverServes: try givenUp(fixture)
    case .aGenerationOfAnotherDefinitionIsRefused: try otherDefinition(fixture)
    case .aSnapshotIsOfOneMoment: try snapshots(fixture)
    case .ranksFollowTheRows: try ranks(fixture)
    case .ranksFollowPastATrimmedJournal: try trimmedJournal(fixture)
    case .deadLettersAreBoundedTheSameInAnyOrder: try deadLetters(fixture)
    case .digestsAreThoseOfTheRowsHoweverTheyWereMade: try await digestsOfRows(fixture)
    case .rowsThatCheckpointsDidNotWriteAreFound: try tamperedRows(fixture)
    }
  }
}
