//! Objects that one address of a configuration destroys and another creates or keeps.

use super::*;

/// The database, which nothing protects.
fn open(name: &str) -> DatabaseModel {
    DatabaseModel {
        name: name.into(),
        deletion_protection: false.into(),
        ..orders()
    }
}

#[tokio::test]
async fn an_object_that_only_gets_another_address_is_told_to_be_moved() {
    let (session, _) = world([database("orders")]);
    let stage = Stage::<Database>::on(&session);
    let said = stage.plan_destroy(&open("orders")).await;
    assert!(!said.says("moved block"), "{said:?}");
    let (_, said) = stage.plan(None, &open("sales"), Private::default()).await;
    assert!(!said.says("moved block"), "{said:?}");
    let (_, said) = stage.plan(None, &open("orders"), Private::default()).await;
    assert!(said.says("moved block"), "{said:?}");

    // The client plans in any order, and a protected database is no less in danger.
    let (session, _) = world([database("orders")]);
    let stage = Stage::<Database>::on(&session);
    let (_, said) = stage.plan(None, &orders(), Private::default()).await;
    assert!(!said.says("moved block"), "{said:?}");
    let said = stage.plan_destroy(&orders()).await;
    assert!(said.is_refusal() && said.says("moved block"), "{said:?}");
}

#[tokio::test]
async fn an_object_that_another_address_keeps_is_not_destroyed_without_a_word() {
    let (session, _) = world([database("orders")]);
    let stage = Stage::<Database>::on(&session);
    let kept = open("orders");
    stage.plan(Some(&kept), &kept, Private::default()).await;
    let said = stage.plan_destroy(&kept).await;
    assert!(said.says("removed block"), "{said:?}");
}

#[tokio::test]
async fn names_that_move_on_by_one_index_are_told_of() {
    let (session, _) = world([database("orders"), database("sales")]);
    let stage = Stage::<Database>::on(&session);
    let (orders, sales) = (open("orders"), open("sales"));
    let (plan, said) = stage.plan(Some(&orders), &sales, Private::default()).await;
    assert!(!plan.replace.is_empty());
    assert!(!said.says("moved block"), "{said:?}");
    let said = stage.plan_destroy(&sales).await;
    assert!(
        said.says("everest_database prod/sales is destroyed at one address"),
        "{said:?}"
    );
}

#[tokio::test]
async fn a_replacement_at_one_address_is_none_at_two() {
    let (session, _) = world([database("orders")]);
    let stage = Stage::<Database>::on(&session);
    let prior = open("orders");
    let mut other = prior.clone();
    let spec = other.spec.known_mut().unwrap();
    spec.engine.known_mut().unwrap().type_ = Field::Known(everest_schemas::Engine::Psmdb);
    let (plan, said) = stage.plan(Some(&prior), &other, Private::default()).await;
    assert!(!plan.replace.is_empty());
    assert!(!said.says("moved block"), "{said:?}");
    let (_, said) = stage.plan(None, &other, Private::default()).await;
    assert!(!said.says("moved block"), "{said:?}");
}
