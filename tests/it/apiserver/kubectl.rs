//! The real kubectl against the server on a socket, with a client certificate.

use std::time::Duration;

use atelier::accounts::{Authority, Identity};
use atelier::apiserver::serve;
use atelier::process::Command;
use tokio_util::sync::CancellationToken;

use super::world::World;
use crate::support::redact::without_namespace;

/// A served world, and a kubeconfig for it.
pub(super) struct Kubectl {
    pub(super) world: World,
    stop: CancellationToken,
}

impl Drop for Kubectl {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Kubectl {
    /// `None`, with the reason printed, on a machine without kubectl.
    #[expect(clippy::print_stderr, reason = "a test says why it is skipped")]
    pub(super) async fn start() -> Option<Self> {
        if which::which("kubectl").is_err() {
            eprintln!("skipped: there is no kubectl on PATH");
            return None;
        }
        let world = World::new().await;
        let folder = world.folder.path();
        let authority = Authority::open(&folder.join("ca")).unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let pair = authority.client(&Identity::new("dev1", &["system:masters"])).unwrap();
        for (name, text) in
            [("ca.pem", authority.certificate()), ("cert.pem", &pair.certificate), ("key.pem", &pair.key)]
        {
            std::fs::write(folder.join(name), text).unwrap();
        }
        let config = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: lab\n\
             clusters: [{{name: lab, cluster: {{server: 'https://127.0.0.1:{port}', certificate-authority: ca.pem}}}}]\n\
             users: [{{name: dev1, user: {{client-certificate: cert.pem, client-key: key.pem}}}}]\n\
             contexts: [{{name: lab, context: {{cluster: lab, user: dev1}}}}]\n"
        );
        std::fs::write(folder.join("kubeconfig"), config).unwrap();
        let stop = CancellationToken::new();
        let (router, token) = (world.server.router(), stop.clone());
        tokio::spawn(async move { serve(router, listener, &authority, token).await });
        Some(Self { world, stop })
    }

    /// Runs kubectl and returns its exit code and everything it printed.
    pub(super) async fn run(&self, arguments: &[&str], input: &str) -> (i32, String) {
        let folder = self.world.folder.path();
        let path = std::env::var("PATH").unwrap_or_default();
        let text = |name: &str| folder.join(name).to_string_lossy().into_owned();
        let command = Command::new("kubectl").args(arguments.iter().copied()).clean_environment();
        let command =
            command.env("PATH", path).env("HOME", text("home")).env("KUBECONFIG", text("kubeconfig"));
        let command = command.env("EDITOR", text("editor"));
        let command = command.env("KUBECACHEDIR", text("cache")).input(input).limit(Duration::from_secs(60));
        let output = command.output().await.unwrap();
        (output.code, without_namespace(&format!("{}{}", output.stdout, output.stderr)))
    }

    /// Runs kubectl, which must succeed with this output.
    async fn says(&self, arguments: &str, expected: &str) {
        let (code, output) = self.run(&arguments.split(' ').collect::<Vec<_>>(), "").await;
        assert_eq!((code, output.trim_end()), (0, expected), "kubectl {arguments}");
    }

    /// Runs kubectl, which must be refused with this output.
    async fn refuses(&self, arguments: &str, input: &str, expected: &str) {
        let (code, output) = self.run(&arguments.split(' ').collect::<Vec<_>>(), input).await;
        assert_eq!((code, output.trim_end()), (1, expected), "kubectl {arguments}");
    }

    async fn applies(&self, arguments: &str, input: &str, expected: &str) {
        let (code, output) = self.run(&arguments.split(' ').collect::<Vec<_>>(), input).await;
        assert_eq!((code, output.trim_end()), (0, expected), "kubectl {arguments}");
    }
}

const DEPLOYMENT: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: 'web:1.0.0', ports: [{containerPort: 80}]}
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everyday_commands() {
    let Some(kubectl) = Kubectl::start().await else { return };
    kubectl.says("create ns dev1-ns", "namespace/dev1-ns created").await;
    let exists = "Error from server (AlreadyExists): namespaces \"dev1-ns\" already exists";
    kubectl.refuses("create ns dev1-ns", "", exists).await;
    kubectl.applies("-n dev1-ns apply -f -", DEPLOYMENT, "deployment.apps/web created").await;
    kubectl.applies("-n dev1-ns apply -f -", DEPLOYMENT, "deployment.apps/web unchanged").await;
    let changed = DEPLOYMENT.replace("web:1.0.0", "web:1.0.1");
    kubectl.applies("-n dev1-ns apply -f -", &changed, "deployment.apps/web configured").await;
    let image = "-n dev1-ns get deploy web -o jsonpath={.spec.template.spec.containers[0].image}";
    kubectl.says(image, "web:1.0.1").await;
    kubectl.says("-n dev1-ns scale deploy web --replicas 4", "deployment.apps/web scaled").await;
    kubectl.says("-n dev1-ns annotate deploy web a=b", "deployment.apps/web annotated").await;
    kubectl.says("-n dev1-ns label deploy web tier=front", "deployment.apps/web labeled").await;
    kubectl.says("-n dev1-ns set image deploy/web web=web:2", "deployment.apps/web image updated").await;
    kubectl.says("-n dev1-ns get deploy -l tier=front -o name", "deployment.apps/web").await;
    kubectl.says("-n dev1-ns get deploy web -o jsonpath={.spec.replicas}", "4").await;
    let missing = "Error from server (NotFound): deployments.apps \"nope\" not found";
    kubectl.refuses("-n dev1-ns get deploy nope", "", missing).await;
    let unknown = "error: the server doesn't have a resource type \"wombats\"";
    kubectl.refuses("get wombats", "", unknown).await;
    let whoami = "ATTRIBUTE   VALUE\nUsername    dev1\nGroups      [system:masters system:authenticated]";
    kubectl.says("auth whoami", whoami).await;
    kubectl.says("auth can-i create deploy", "yes").await;
    let deleted = "deployment.apps \"web\" deleted";
    kubectl.says("-n dev1-ns delete deploy web", deleted).await;
    kubectl.says("delete ns dev1-ns", "namespace \"dev1-ns\" deleted").await;
    kubectl.says("create cm c --from-literal a=1", "configmap/c created").await;
    kubectl.says("wait cm c --for=jsonpath={.data.a}=1", "configmap/c condition met").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn looking_and_editing() {
    use std::os::unix::fs::PermissionsExt as _;
    let Some(kubectl) = Kubectl::start().await else { return };
    kubectl.applies("apply -f -", DEPLOYMENT, "deployment.apps/web created").await;
    let table = "NAME   READY   UP-TO-DATE   AVAILABLE   AGE   CONTAINERS   IMAGES      SELECTOR\n\
                 web    0/2     0            0           0s    web          web:1.0.0   app=web";
    let (code, output) = kubectl.run(&["get", "deploy", "-o", "wide"], "").await;
    // The age is the one word that depends on how fast this machine is.
    let output = regex::Regex::new(r" \d+s  ").unwrap().replace(output.trim_end(), " 0s  ").into_owned();
    assert_eq!((code, output.as_str()), (0, table));
    let (code, described) = kubectl.run(&["describe", "deploy", "web"], "").await;
    assert!(code == 0 && described.contains("Replicas:               2 desired | 0 updated"), "{described}");
    let (code, explained) = kubectl.run(&["explain", "deploy.spec.replicas"], "").await;
    let heading = "GROUP:      apps\nKIND:       Deployment\nVERSION:    v1\n\nFIELD: replicas <integer>\n";
    assert!(code == 0 && explained.starts_with(heading), "{explained}");
    let changed = DEPLOYMENT.replace("replicas: 2", "replicas: 3");
    let (code, difference) = kubectl.run(&["diff", "-f", "-"], &changed).await;
    assert!(code == 1 && difference.contains("-  replicas: 2\n+  replicas: 3\n"), "{difference}");
    let editor = kubectl.world.folder.path().join("editor");
    std::fs::write(&editor, "#!/bin/sh\nexec sed -i 's/  replicas: 2/  replicas: 5/' \"$1\"\n").unwrap();
    std::fs::set_permissions(&editor, std::fs::Permissions::from_mode(0o755)).unwrap();
    kubectl.says("edit deploy web", "deployment.apps/web edited").await;
    kubectl.says("get deploy web -o jsonpath={.spec.replicas}", "5").await;
    let (code, list) = kubectl.run(&["get", "all,cm,sa", "-A", "-o", "name"], "").await;
    assert!(
        code == 0 && list.contains("service/kubernetes\n") && list.contains("deployment.apps/web\n"),
        "{list}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server_side_apply_says_who_owns_what() {
    let Some(kubectl) = Kubectl::start().await else { return };
    let object = |value: &str| {
        format!(
            r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"c2"}},"data":{{"a":"{value}"}}}}"#
        )
    };
    let one = "apply --server-side --field-manager one -f -";
    kubectl.applies(one, &object("1"), "configmap/c2 serverside-applied").await;
    let (code, output) =
        kubectl.run(&["apply", "--server-side", "--field-manager", "two", "-f", "-"], &object("2")).await;
    assert_eq!(code, 1);
    assert!(
        output.starts_with("error: Apply failed with 1 conflict: conflict with \"one\": .data.a\n"),
        "{output}"
    );
    let bad = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: bad}\nspec: {replicaz: 2}\n";
    let (code, output) = kubectl.run(&["apply", "-f", "-"], bad).await;
    assert_eq!(code, 1);
    let expected = "Error from server (BadRequest): error when creating \"STDIN\": Deployment in version \"v1\" cannot \
                    be handled as a Deployment: strict decoding error: unknown field \"spec.replicaz\"";
    assert_eq!(output.trim_end(), expected);
}
