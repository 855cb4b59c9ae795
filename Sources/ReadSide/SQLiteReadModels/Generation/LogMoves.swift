/// When the write-ahead log of a generation's file is moved into the file, and by whom, as a value that takes the length of the log after each commit.
///
/// To move 16 MB and sync them takes tens of milliseconds, which a commit that does it would make its readers wait for. So another thread moves the
/// bulk while commits go on, and a commit moves only the little that came meanwhile: when nothing is left to move, the next one begins the log
/// anew. Where commits come faster than they are moved, one of them waits, so that the log stays bounded.
struct LogMoves {
  /// The log is moved when it is so long. Pages of 4 KB.
  static let pagesMin = 4_000
  /// So much is moved by a commit itself: a millisecond or two.
  static let pagesHereMax = 256
  /// A commit that finds the log so long waits until it is moved.
  static let pagesMax = 2 * pagesMin

  enum Action: Equatable {
    case none
    /// Another thread moves what there is.
    case moveApart
    /// The rest is moved before the next commit, once the other thread has ended.
    case moveHere
  }

  /// How long the log was when it was last given to the other thread.
  private var apart: Int?

  /// After a commit. `pages` are in the log, `moved` of them in the file already; `isMoving`: the other thread is at work.
  mutating func committed(pages: Int, moved: Int, isMoving: Bool) -> Action {
    if let apart, pages < apart { self.apart = nil }
    guard pages >= LogMoves.pagesMin else { return .none }
    if pages >= LogMoves.pagesMax { return .moveHere }
    if isMoving { return .none }
    if pages - moved <= LogMoves.pagesHereMax { return .moveHere }
    // What a reader's snapshot holds back is not tried again after each commit.
    if let apart, pages - apart <= LogMoves.pagesHereMax { return .none }
    apart = pages
    return .moveApart
  }
}
