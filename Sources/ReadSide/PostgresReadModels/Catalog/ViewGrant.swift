internal import Postgres

/// What somebody may do with a view, or with one of its columns, that does not own it.
struct ViewGrant {
  let view: String
  /// Nil for all of them.
  let column: String?
  /// Grants it again.
  let statement: String

  static func all(on view: String, of schema: String, _ connection: PostgresConnection) throws -> [ViewGrant] {
    let rows = try connection.run(
      """
      WITH granted AS (
        SELECT c.oid, c.relowner, NULL AS attname, g.* FROM pg_class c, aclexplode(c.relacl) g
        UNION ALL
        SELECT c.oid, c.relowner, a.attname, g.* FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid, aclexplode(a.attacl) g
      )
      SELECT attname::text, format(
        'GRANT %s%s ON %I.%I TO %s%s', privilege_type, ' (' || quote_ident(attname) || ')', $1::text, $2::text,
        coalesce(quote_ident(r.rolname), 'PUBLIC'), CASE WHEN is_grantable THEN ' WITH GRANT OPTION' END)
      FROM granted LEFT JOIN pg_roles r ON r.oid = grantee
      WHERE granted.oid = format('%I.%I', $1::text, $2::text)::regclass AND grantee <> relowner ORDER BY 2
      """, .text(schema), .text(view))
    return (0..<rows.count).map { ViewGrant(view: view, column: rows.text($0, 0), statement: rows.text($0, 1) ?? "") }
  }
}
