internal import CPCRE2
internal import Synchronization

/// A compiled PCRE2 pattern over UTF-8: compiled once, matched from any thread.
///
/// `\w`, `\b` and case folding go by Unicode. The work of one match is limited (steps and memory), the same on every
/// machine: the limits are those of PCRE2's interpreter, so no just-in-time code is used, and a subject that runs into one
/// is an error every time.
///
/// @unchecked: the compiled code is read-only after `init` (PCRE2 documents that it may be shared between threads), and the
/// match blocks are taken from and given back to a pool under its lock, so each is used by one thread at a time.
package final class Pattern: @unchecked Sendable {
  package static let matchStepsMax: UInt32 = 1_000_000
  package static let matchHeapKiBMax: UInt32 = 16_384
  private static let blocksKept = 16

  package let source: String
  /// Groups in the pattern; group 0, the whole match, is not counted.
  package let groupCount: Int
  package let groupNames: [String: Int]

  private let code: OpaquePointer
  private let context: OpaquePointer
  private let blocks = Mutex<[Block]>([])

  private struct Block: @unchecked Sendable {  // moved between threads by the pool's lock only
    let pointer: OpaquePointer
  }

  package init(_ source: String) throws(PatternError) {
    self.source = source
    var failure: Int32 = 0
    var failureOffset = 0
    let options = UInt32(PCRE2_UTF) | UInt32(PCRE2_UCP) | UInt32(PCRE2_NEVER_BACKSLASH_C)
    var text = source
    let compiled = text.withUTF8 { bytes in
      // A nil address is refused by PCRE2 even for the empty pattern.
      var none: UInt8 = 0
      return pcre2_compile_8(
        bytes.baseAddress ?? withUnsafePointer(to: &none) { $0 }, bytes.count, options, &failure, &failureOffset, nil)
    }
    guard let compiled else { throw PatternError(code: failure, offset: failureOffset) }
    guard let context = pcre2_match_context_create_8(nil) else {
      pcre2_code_free_8(compiled)
      throw PatternError(code: PCRE2_ERROR_NOMEMORY)
    }
    pcre2_set_match_limit_8(context, Pattern.matchStepsMax)
    pcre2_set_heap_limit_8(context, Pattern.matchHeapKiBMax)
    code = compiled
    self.context = context
    var count: UInt32 = 0
    pcre2_pattern_info_8(compiled, UInt32(PCRE2_INFO_CAPTURECOUNT), &count)
    groupCount = Int(count)
    groupNames = Pattern.names(compiled)
  }

  deinit {
    for block in blocks.withLock({ $0 }) { pcre2_match_data_free_8(block.pointer) }
    pcre2_match_context_free_8(context)
    pcre2_code_free_8(code)
  }

  private static func names(_ code: OpaquePointer) -> [String: Int] {
    var count: UInt32 = 0
    var size: UInt32 = 0
    var table: UnsafePointer<UInt8>?
    pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_NAMECOUNT), &count)
    pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_NAMEENTRYSIZE), &size)
    pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_NAMETABLE), &table)
    guard let table else { return [:] }
    var names: [String: Int] = [:]
    for entry in 0..<Int(count) {
      let start = table + entry * Int(size)
      names[String(cString: UnsafeRawPointer(start + 2).assumingMemoryBound(to: CChar.self))] = Int(start[0]) << 8 | Int(start[1])
    }
    return names
  }

  /// The first match: for each group, the whole match first, its byte range, nil when the group took no part. Nil without a
  /// match. Throws for a subject that is not UTF-8 and when a limit is reached.
  package func match(_ subject: UnsafeRawBufferPointer) throws(PatternError) -> [Range<Int>?]? {
    let block = try take()
    defer { giveBack(block) }
    guard let found = try run(subject, block, options: 0) else { return nil }
    return (0...groupCount).map { range(of: $0, found, block) }
  }

  /// The text of one group of the first match; nil without a match, and when the group took no part.
  package func capture(_ group: Int, of subject: String) throws(PatternError) -> String? {
    let block = try take()
    defer { giveBack(block) }
    var subject = subject
    let result: Result<String?, PatternError> = subject.withUTF8 { bytes in
      let raw = UnsafeRawBufferPointer(bytes)
      do throws(PatternError) {
        // A Swift string is valid UTF-8: it need not be checked again.
        guard let found = try run(raw, block, options: UInt32(PCRE2_NO_UTF_CHECK)), let range = range(of: group, found, block)
        else { return .success(nil) }
        return .success(String(decoding: raw[range], as: UTF8.self))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  private func take() throws(PatternError) -> Block {
    if let kept = blocks.withLock({ $0.popLast() }) { return kept }
    guard let made = pcre2_match_data_create_from_pattern_8(code, nil) else { throw PatternError(code: PCRE2_ERROR_NOMEMORY) }
    return Block(pointer: made)
  }

  private func giveBack(_ block: Block) {
    let isKept = blocks.withLock { pool in
      guard pool.count < Pattern.blocksKept else { return false }
      pool.append(block)
      return true
    }
    if !isKept { pcre2_match_data_free_8(block.pointer) }
  }

  /// One more than the last group that took part; nil without a match.
  private func run(_ subject: UnsafeRawBufferPointer, _ block: Block, options: UInt32) throws(PatternError) -> Int? {
    var none: UInt8 = 0
    let found = withUnsafePointer(to: &none) { empty in
      pcre2_match_8(
        code, subject.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? empty, subject.count, 0, options, block.pointer, context
      )
    }
    if found == PCRE2_ERROR_NOMATCH { return nil }
    guard found > 0 else { throw PatternError(code: found) }
    return Int(found)
  }

  private func range(of group: Int, _ found: Int, _ block: Block) -> Range<Int>? {
    guard group < found, let offsets = pcre2_get_ovector_pointer_8(block.pointer) else { return nil }
    let (start, end) = (offsets[2 * group], offsets[2 * group + 1])
    // PCRE2_UNSET is the greatest size: a group that took no part. `\K` may put a start after its end.
    return start == Int(bitPattern: UInt.max) || start > end ? nil : start..<end
  }
}
