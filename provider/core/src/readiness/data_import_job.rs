//! The readiness of an import.

use everest_schemas::everest::DataImportJob;

use super::Readiness;
use crate::v1;

/// Ready once the import has succeeded. After `Error`, Everest tries again, so that state is not the
/// end.
pub fn data_import_job(job: &DataImportJob) -> Readiness {
    let status = job.status.as_ref();
    let message = match status.and_then(|status| status.message.as_deref()) {
        None | Some("") => String::new(),
        Some(message) => format!("; {message}"),
    };
    match v1::data_import_job::state(job) {
        "Succeeded" => Readiness::Ready,
        "Failed" => Readiness::Failed(format!("the import failed{message}")),
        _ if job.metadata.deletion_timestamp.is_some() => {
            Readiness::Failed(format!("the import is being deleted{message}"))
        }
        "" => Readiness::Pending(format!("the import has not started{message}")),
        "Error" => Readiness::Pending(format!(
            "the import cannot begin, and Everest tries again{message}"
        )),
        state => Readiness::Pending(format!("the import is {state}{message}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn judge(state: &str, message: &str) -> Readiness {
        let job = json!({"metadata": {"name": "i"}, "status": {"state": state, "message": message},
            "spec": {"targetClusterName": "orders", "dataImporterName": "dump",
                "source": {"path": "/d"}}});
        data_import_job(&serde_json::from_value(job).unwrap())
    }

    #[test]
    fn an_import_is_ready_once_it_succeeded() {
        let pending = |text: &str| Readiness::Pending(text.to_owned());
        assert_eq!(judge("Succeeded", ""), Readiness::Ready);
        assert_eq!(judge("", ""), pending("the import has not started"));
        assert_eq!(judge("Running", ""), pending("the import is Running"));
        assert_eq!(
            judge("Error", "failed to get data importer"),
            pending(
                "the import cannot begin, and Everest tries again; failed to get data importer"
            )
        );
        assert_eq!(
            judge("Failed", "Job has reached the specified backoff limit"),
            Readiness::Failed(
                "the import failed; Job has reached the specified backoff limit".to_owned()
            )
        );
    }
}
