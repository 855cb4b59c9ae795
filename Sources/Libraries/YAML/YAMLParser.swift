internal import CLibYAML

/// Reads one YAML document into a tree.
///
/// Refused, with the place: more than one document, anchors and aliases, tags, keys that are not plain text, a key twice, and
/// what goes past the limits. So a text cannot grow when it is read, and says one thing only.
package enum YAML {
  package static let bytesMax = 4 << 20
  package static let depthMax = 64
  package static let nodesMax = 200_000

  package static func parse(_ bytes: [UInt8]) throws(YAMLError) -> YAMLNode {
    guard bytes.count <= bytesMax else {
      throw YAMLError("the text is larger than \(bytesMax) bytes", at: Mark(line: 1, column: 1))
    }
    let result: Result<YAMLNode, YAMLError> = bytes.withUnsafeBufferPointer { buffer in
      var parser = yaml_parser_t()
      guard yaml_parser_initialize(&parser) == 1 else {
        return .failure(YAMLError("out of memory", at: Mark(line: 1, column: 1)))
      }
      defer { yaml_parser_delete(&parser) }
      var none: UInt8 = 0
      return withUnsafePointer(to: &none) { empty in
        yaml_parser_set_input_string(&parser, buffer.baseAddress ?? empty, buffer.count)
        yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING)
        do throws(YAMLError) {
          var reader = EventReader()
          return .success(try reader.document(&parser))
        } catch {
          return .failure(error)
        }
      }
    }
    return try result.get()
  }

  package static func parse(_ text: String) throws(YAMLError) -> YAMLNode { try parse(Array(text.utf8)) }
}

/// What one libyaml event says, copied out of its memory.
private enum Event {
  case nothing
  case documentStart, documentEnd, streamEnd
  case alias
  case scalar(String, isQuoted: Bool, hasTag: Bool, hasAnchor: Bool, place: Range<Int>)
  case sequenceStart(hasTag: Bool, hasAnchor: Bool)
  case sequenceEnd
  case mappingStart(hasTag: Bool, hasAnchor: Bool)
  case mappingEnd
}

private struct EventReader {
  private var nodes = 0

  mutating func document(_ parser: inout yaml_parser_t) throws(YAMLError) -> YAMLNode {
    while true {
      let (event, mark) = try next(&parser)
      switch event {
      case .documentStart:
        let root = try node(try next(&parser), &parser, depth: 1)
        while true {
          let (after, mark) = try next(&parser)
          switch after {
          case .documentStart: throw YAMLError("a second document begins here: one file holds one", at: mark)
          case .streamEnd: return root
          default: continue
          }
        }
      case .streamEnd: throw YAMLError("the file is empty", at: mark)
      default: continue
      }
    }
  }

  private mutating func next(_ parser: inout yaml_parser_t) throws(YAMLError) -> (Event, Mark) {
    var event = yaml_event_t()
    guard yaml_parser_parse(&parser, &event) == 1 else { throw EventReader.failure(parser) }
    defer { yaml_event_delete(&event) }
    let mark = Mark(line: Int(event.start_mark.line) + 1, column: Int(event.start_mark.column) + 1)
    switch event.type {
    case YAML_DOCUMENT_START_EVENT: return (.documentStart, mark)
    case YAML_DOCUMENT_END_EVENT: return (.documentEnd, mark)
    case YAML_STREAM_END_EVENT: return (.streamEnd, mark)
    case YAML_ALIAS_EVENT: return (.alias, mark)
    case YAML_SCALAR_EVENT:
      let scalar = event.data.scalar
      let text = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
      return (
        .scalar(
          text, isQuoted: scalar.style != YAML_PLAIN_SCALAR_STYLE, hasTag: scalar.tag != nil, hasAnchor: scalar.anchor != nil,
          place: Int(event.start_mark.index)..<Int(event.end_mark.index)),
        mark
      )
    case YAML_SEQUENCE_START_EVENT:
      let start = event.data.sequence_start
      return (.sequenceStart(hasTag: start.tag != nil, hasAnchor: start.anchor != nil), mark)
    case YAML_SEQUENCE_END_EVENT: return (.sequenceEnd, mark)
    case YAML_MAPPING_START_EVENT:
      let start = event.data.mapping_start
      return (.mappingStart(hasTag: start.tag != nil, hasAnchor: start.anchor != nil), mark)
    case YAML_MAPPING_END_EVENT: return (.mappingEnd, mark)
    default: return (.nothing, mark)
    }
  }

  private mutating func node(
    _ first: (event: Event, mark: Mark), _ parser: inout yaml_parser_t, depth: Int
  ) throws(YAMLError) -> YAMLNode {
    let mark = first.mark
    nodes += 1
    guard nodes <= YAML.nodesMax else { throw YAMLError("the file has more than \(YAML.nodesMax) nodes", at: mark) }
    guard depth <= YAML.depthMax else { throw YAMLError("nested deeper than \(YAML.depthMax) levels", at: mark) }
    switch first.event {
    case .alias: throw EventReader.anchors(mark)
    case .scalar(let text, let isQuoted, let hasTag, let hasAnchor, let place):
      try EventReader.refuse(hasTag, hasAnchor, mark)
      return YAMLNode(.scalar(YAMLNode.Scalar(text: text, isQuoted: isQuoted)), at: mark, place: place)
    case .sequenceStart(let hasTag, let hasAnchor):
      try EventReader.refuse(hasTag, hasAnchor, mark)
      var elements: [YAMLNode] = []
      while true {
        let next = try next(&parser)
        if case .sequenceEnd = next.0 { return YAMLNode(.sequence(elements), at: mark) }
        elements.append(try node(next, &parser, depth: depth + 1))
      }
    case .mappingStart(let hasTag, let hasAnchor):
      try EventReader.refuse(hasTag, hasAnchor, mark)
      return YAMLNode(.mapping(try entries(&parser, depth: depth)), at: mark)
    default: throw YAMLError("a value is missing", at: mark)
    }
  }

  private mutating func entries(_ parser: inout yaml_parser_t, depth: Int) throws(YAMLError) -> [YAMLNode.Entry] {
    var entries: [YAMLNode.Entry] = []
    var marks: [[UInt8]: Mark] = [:]
    while true {
      let (event, mark) = try next(&parser)
      switch event {
      case .mappingEnd: return entries
      case .alias: throw EventReader.anchors(mark)
      case .scalar(let text, _, let hasTag, let hasAnchor, _):
        try EventReader.refuse(hasTag, hasAnchor, mark)
        if text == "<<" { throw EventReader.anchors(mark) }
        if let earlier = marks.updateValue(mark, forKey: Array(text.utf8)) {
          throw YAMLError("the key `\(text)` is here twice, first at line \(earlier.line)", at: mark)
        }
        let value = try node(try next(&parser), &parser, depth: depth + 1)
        entries.append(YAMLNode.Entry(key: YAMLNode.Key(text: text, mark: mark), value: value))
      default: throw YAMLError("a key has to be a plain text", at: mark)
      }
    }
  }

  private static func refuse(_ hasTag: Bool, _ hasAnchor: Bool, _ mark: Mark) throws(YAMLError) {
    if hasAnchor { throw anchors(mark) }
    if hasTag { throw YAMLError("tags (`!name`) are not taken: write the value itself", at: mark) }
  }

  private static func anchors(_ mark: Mark) -> YAMLError {
    YAMLError("anchors and aliases (`&name`, `*name`, `<<`) are not taken: write the value out where it is used", at: mark)
  }

  private static func failure(_ parser: yaml_parser_t) -> YAMLError {
    let problem = parser.problem.map { String(cString: $0) } ?? "not YAML"
    let context = parser.context.map { " (\(String(cString: $0)))" } ?? ""
    if parser.error == YAML_READER_ERROR {
      return YAMLError("not UTF-8 text: \(problem) at byte \(parser.problem_offset)", at: Mark(line: 1, column: 1))
    }
    return YAMLError(
      problem + context, at: Mark(line: Int(parser.problem_mark.line) + 1, column: Int(parser.problem_mark.column) + 1))
  }
}
