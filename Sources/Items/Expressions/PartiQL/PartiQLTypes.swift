/// The names of types that `IS` knows.
///
/// DynamoDB's guide says that `IS` takes "a given PartiQL data type": these are the names of the PartiQL specification, not those of
/// DynamoDB's types, so `NUMBER`, `BINARY`, `MAP` and `SS` are none. Several names mean one DynamoDB type, as it has one kind of number and
/// one of text. Names without a counterpart (`TIMESTAMP`, `DATE`) are refused.
enum PartiQLTypes {
  /// The types of attributes that a name, in any case, means; nil when it names no type.
  static func types(of name: String) -> [String]? {
    switch name.uppercased() {
    case "NULL": ["NULL"]
    case "BOOL", "BOOLEAN": ["BOOL"]
    case "INT", "INTEGER", "SMALLINT", "FLOAT", "REAL", "DECIMAL", "NUMERIC": ["N"]
    case "STRING", "SYMBOL", "CLOB", "CHAR", "CHARACTER", "VARCHAR": ["S"]
    case "BLOB": ["B"]
    case "LIST", "SEXP": ["L"]
    case "STRUCT", "TUPLE": ["M"]
    // A set is written as a bag: `<<1, 2>>`.
    case "BAG": ["SS", "NS", "BS"]
    default: nil
    }
  }
}
