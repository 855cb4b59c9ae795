internal import DynamoModel

/// What every store keeps at most: a part of the contract, so that two stores answer alike.
package enum ReadModelLimits {
  /// Dead letters of records that are kept for each projection; all are counted. Which are kept says `DeadLetterSample`.
  package static let deadLettersMax = 10_000
  /// Earlier generations that are kept.
  package static let keptGenerationsMax = 2
  /// How long the ledger remembers, in milliseconds: an effect that is older and comes up once more is refused by its own conditions.
  package static let ledgerAgeMax: Int64 = 30 * 86_400_000
  /// Groups and boards that one checkpoint of the decider drops at most.
  package static let trimmedMax = 1_000
  /// Sessions of a projection that are handed over when a lane is taken; of a projection with more they are looked up as they are needed, so that
  /// a lane begins at once.
  package static let sessionsHandedOverMax = 10_000
  /// Entries of the journal that a follower may still ask for; one that is further back loads its boards again.
  package static let journalEntriesMax = 1_000_000
}

/// Which dead letters are kept when there are too many: those of the least numbers. A fair sample that is the same whatever the batches, the
/// order of lanes, and the store.
package enum DeadLetterSample {
  /// 63 bits of the subject's hash: the same for ever.
  package static func number(of subject: [UInt8]) -> Int64 { Int64(truncatingIfNeeded: StableHash.bits(of: subject) >> 65) }
}
