internal import DynamoModel

/// StreamSpecification: whether a table's records are readable as a DynamoDB stream, and what of them.
struct StreamRequest {
  let isEnabled: Bool
  let view: StreamViewType?

  /// Nil without the parameter.
  init?(_ body: RequestBody, _ constraints: inout Constraints) throws(DynamoError) {
    guard let given = try body.object("StreamSpecification") else { return nil }
    let enabled = try given.bool("StreamEnabled")
    let type = try given.string("StreamViewType")
    constraints.required(enabled != nil, at: "streamSpecification.streamEnabled")
    constraints.oneOf(type, .streamViewType, at: "streamSpecification.streamViewType")
    isEnabled = enabled ?? false
    view = type.flatMap(StreamViewType.init(rawValue:))
  }

  func check() throws(DynamoError) {
    if isEnabled, view == nil {
      throw .invalidParameter("StreamViewType is required when StreamEnabled is true")
    }
    if !isEnabled, view != nil {
      throw .invalidParameter("StreamViewType cannot be specified when StreamEnabled is false")
    }
  }
}
