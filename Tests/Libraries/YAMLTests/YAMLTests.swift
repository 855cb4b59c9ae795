import Testing
import YAML

@Suite struct YAMLTests {
  @Test func `every node and key has its place and scalars keep their text`() throws {
    let root = try YAML.parse("a: no\nb:\n  - 'no'\n  - { c: 01, d: ~ }\ne: |\n  two\n  lines\n")
    #expect(root["a"]?.scalar == YAMLNode.Scalar(text: "no", isQuoted: false))
    #expect(root["a"]?.mark == Mark(line: 1, column: 4))
    let list = try #require(root["b"]?.sequence)
    #expect(list[0].scalar == YAMLNode.Scalar(text: "no", isQuoted: true))
    #expect(list[1].mark == Mark(line: 4, column: 5))
    #expect(list[1]["c"]?.scalar?.text == "01")
    #expect(list[1]["d"]?.isNull == true)
    #expect(list[1].mapping?[1].key.mark == Mark(line: 4, column: 14))
    #expect(root["e"]?.scalar == YAMLNode.Scalar(text: "two\nlines\n", isQuoted: true))
    #expect(root["none"] == nil)
  }

  @Test(arguments: [
    ("a: 1\na: 2\n", "2:1: the key `a` is here twice, first at line 1"),
    ("a: &x 1\nb: 2\n", "1:4: anchors"), ("a: *x\n", "1:4: anchors"), ("a: {<<: 1}\n", "1:5: anchors"),
    ("a: !!int 1\n", "1:4: tags"), ("a: 1\n---\nb: 2\n", "2:1: a second document"), ("", "1:1: the file is empty"),
    ("? [a]\n: 1\n", "1:3: a key has to be a plain text"), ("a: [1\nb: 2\n", "2:2"), ("a: b: c\n", "1:5"),
  ])
  func `what could mean two things is refused with its place`(text: String, opening: String) throws {
    let error = #expect(throws: YAMLError.self) { try YAML.parse(text) }
    #expect(error?.description.hasPrefix(opening) == true, "\(error?.description ?? "none")")
  }

  @Test func `depth and size have limits`() throws {
    let deepest = String(repeating: "[", count: YAML.depthMax) + String(repeating: "]", count: YAML.depthMax)
    _ = try YAML.parse(deepest)
    #expect(throws: YAMLError.self) { try YAML.parse("[" + deepest + "]") }
    #expect(throws: YAMLError.self) { try YAML.parse([UInt8](repeating: 32, count: YAML.bytesMax + 1)) }
    #expect(throws: YAMLError.self) { try YAML.parse([0x61, 0xff, 0x0a]) }
  }
}
