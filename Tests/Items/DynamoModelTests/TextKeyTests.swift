import DynamoModel
import Testing

/// Texts as keys of dictionaries, by their bytes.
@Suite struct TextKeyTests {
  @Test func `texts that Unicode takes for equal are different keys`() {
    let texts = ["\u{e9}", "e\u{301}", "\u{212b}", "A\u{30a}", "q\u{307}\u{323}", "q\u{323}\u{307}", ""]
    #expect(Set(texts).count == 4 && Set(texts.map { TextKey($0) }).count == texts.count)
    for text in texts { #expect(TextKey(text) == TextKey(String(decoding: Array(text.utf8), as: UTF8.self))) }
  }
}
