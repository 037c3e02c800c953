import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { runAsync } from '../../../packages/core/test/support/run-async.ts';

const HERE = fileURLToPath(new URL('..', import.meta.url));
const FOLDER = '/var/lib/chancery/tls';

// biome-ignore lint/suspicious/noExplicitAny: its shape is what the tests are about.
type Yaml = Record<string, any>;

/** Every document of a file; a duplicate key, or an alias to nothing, is an error. */
async function yaml(file: string): Promise<Yaml[]> {
  const documents = parseAllDocuments(await readFile(join(HERE, file), 'utf8'), { merge: true });
  for (const document of documents as { errors: unknown[]; warnings: unknown[] }[]) {
    expect([...document.errors, ...document.warnings], file).toEqual([]);
  }
  return documents.map((document) => document.toJS());
}

const settings = async () =>
  new Set((await readFile(join(HERE, 'src/settings.ts'), 'utf8')).match(/CHANCERY_[A-Z_]+[A-Z]/g));

/** S1-22: Compose. What can be checked of it, and of what follows, without running it. */
describe('compose.yaml', () => {
  let compose: Yaml;
  beforeAll(async () => {
    [compose] = (await yaml('compose.yaml')) as [Yaml];
  });

  it('has services that name only networks, volumes and secrets that there are', async () => {
    expect(Object.keys(compose.services).sort()).toEqual(
      ['app', 'certificate-files', 'grafana', 'postgres', 'prometheus', 'redis', 'traefik'].sort(),
    );
    for (const [name, service] of Object.entries<Yaml>(compose.services)) {
      const networks = Array.isArray(service.networks) ? service.networks : Object.keys(service.networks);
      expect(Object.keys(compose.networks), name).toEqual(expect.arrayContaining(networks));
      expect(Object.keys(compose.secrets), name).toEqual(expect.arrayContaining(service.secrets ?? []));
      const services = Array.isArray(service.depends_on) ? service.depends_on : Object.keys(service.depends_on ?? {});
      expect(Object.keys(compose.services), name).toEqual(expect.arrayContaining(services));
      for (const volume of service.volumes ?? []) {
        const [source] = volume.split(':');
        if (!source.startsWith('./')) expect(Object.keys(compose.volumes), name).toContain(source);
        else if (source.startsWith('./traefik/'))
          expect(await readdir(join(HERE, source, '..'))).toContain(basename(source));
      }
      const waitsFor = Object.entries<Yaml>(Array.isArray(service.depends_on) ? {} : (service.depends_on ?? {}));
      for (const [other, { condition }] of waitsFor) {
        expect(condition).toBe('service_healthy');
        expect(compose.services[other].healthcheck, other).toBeDefined();
      }
    }
    const { dockerfile, context } = compose.services.app.build;
    expect(await readdir(join(HERE, context, dockerfile, '..'))).toContain('Dockerfile');
  });

  it('tells the application only what it knows, and secrets by files alone', async () => {
    const known = await settings();
    const environment = compose.services['certificate-files'].environment;
    for (const name of Object.keys(environment)) expect([...known, 'CHANCERY_STORAGE_FILE']).toContain(name);
    const secrets = Object.keys(compose.secrets);
    for (const { file } of Object.values<Yaml>(compose.secrets)) expect(file).toMatch(/^\.\/secrets\//);
    expect(secrets).toContain(basename(environment.CHANCERY_STORAGE_FILE));
    const text = await readFile(join(HERE, 'compose.yaml'), 'utf8');
    expect(text).not.toMatch(/PASSWORD: |postgres:\/\//);
  });

  it('lets nobody but the proxy reach the application, and believes that one address', () => {
    const reachable = Object.entries<Yaml>(compose.services).filter(([, { ports }]) => ports !== undefined);
    const published = reachable.map(([name, { ports }]) => [name, ports]);
    expect(published).toEqual([
      ['traefik', ['80:80', '443:443']],
      ['grafana', ['127.0.0.1:3000:3000']],
    ]);
    const onEdge = Object.entries<Yaml>(compose.services).filter(([, { networks }]) =>
      (Array.isArray(networks) ? networks : Object.keys(networks)).includes('edge'),
    );
    expect(onEdge.map(([name]) => name)).toEqual(['app', 'traefik']);
    const { ipv4_address: address } = compose.services.traefik.networks.edge;
    expect(compose.services.app.environment.CHANCERY_TRUSTED_PROXIES).toBe(address);
    expect(compose.networks.data.internal).toBe(true);
  });
});

/** S0-14: the reverse proxy. */
describe("Traefik's configuration", () => {
  it('names only routers, middlewares, services and options that there are', async () => {
    const [{ http, tls }] = (await yaml('traefik/dynamic.yaml')) as [Yaml];
    const [{ entryPoints, providers }] = (await yaml('traefik/traefik.yaml')) as [Yaml];
    for (const [name, router] of Object.entries<Yaml>(http.routers)) {
      expect(Object.keys(entryPoints), name).toEqual(expect.arrayContaining(router.entryPoints));
      expect(Object.keys(http.services), name).toContain(router.service);
      expect(Object.keys(http.middlewares), name).toEqual(expect.arrayContaining(router.middlewares ?? []));
      if (router.tls?.options) expect(Object.keys(tls.options), name).toContain(router.tls.options);
    }
    expect(providers.file.directory).toBe(FOLDER);
    // No address may bring forwarded headers along.
    expect(JSON.stringify(entryPoints)).not.toMatch(/forwardedHeaders|insecure|proxyProtocol/);
    for (const certificate of tls.certificates) {
      expect(certificate).toEqual({ certFile: `${FOLDER}/web/chain.pem`, keyFile: `${FOLDER}/web/key.pem` });
    }
  });

  it('reaches the port that believes certificates over the router that demands one, and no other', async () => {
    const [{ http, tls }] = (await yaml('traefik/dynamic.yaml')) as [Yaml];
    const mtls = Object.entries<Yaml>(http.services).filter(([, service]) =>
      service.loadBalancer.servers.some(({ url }: Yaml) => url.endsWith(':8081')),
    );
    expect(mtls.map(([name]) => name)).toEqual(['app-mtls']);
    const routers = Object.values<Yaml>(http.routers).filter(({ service }) => service === 'app-mtls');
    expect(routers).toHaveLength(1);
    expect(routers[0]?.middlewares).toEqual(['client-certificate']);
    expect(tls.options[routers[0]?.tls.options].clientAuth).toEqual({
      clientAuthType: 'RequireAndVerifyClientCert',
      caFiles: [`${FOLDER}/trust-anchors.pem`],
    });
  });
});

/** S0-21: Kubernetes. */
describe('the manifests for Kubernetes', () => {
  let documents: Yaml[];
  const of = (kind: string) => documents.filter((document) => document.kind === kind);
  beforeAll(async () => {
    const [{ resources }] = (await yaml('kubernetes/kustomization.yaml')) as [Yaml];
    const files = (await readdir(join(HERE, 'kubernetes'))).filter((name) => name !== 'kustomization.yaml');
    expect([...resources].sort()).toEqual(files.sort());
    documents = (await Promise.all(resources.map((file: string) => yaml(`kubernetes/${file}`)))).flat();
  });

  it('are of kinds and versions that a cluster has', () => {
    expect(documents.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`).sort()).toEqual([
      'apps/v1 Deployment',
      'networking.k8s.io/v1 Ingress',
      'networking.k8s.io/v1 Ingress',
      'networking.k8s.io/v1 NetworkPolicy',
      'policy/v1 PodDisruptionBudget',
      'v1 Namespace',
      'v1 Service',
    ]);
    for (const { metadata } of documents) expect(metadata.name).toMatch(/^[a-z0-9-]{1,63}$/);
  });

  it('fit together by labels and by ports', () => {
    const [deployment] = of('Deployment') as [Yaml];
    const { labels } = deployment.spec.template.metadata;
    expect(deployment.spec.selector.matchLabels).toEqual(labels);
    const selectors = [
      of('Service')[0]?.spec.selector,
      of('PodDisruptionBudget')[0]?.spec.selector.matchLabels,
      of('NetworkPolicy')[0]?.spec.podSelector.matchLabels,
    ];
    expect(selectors).toEqual([labels, labels, labels]);
    const [container] = deployment.spec.template.spec.containers;
    const ports = container.ports.map(({ name }: Yaml) => name);
    const servicePorts = of('Service')[0]?.spec.ports;
    for (const { targetPort } of servicePorts) expect(ports).toContain(targetPort);
    for (const { spec } of of('Ingress')) {
      const { service } = spec.rules[0].http.paths[0].backend;
      expect(servicePorts.map(({ name }: Yaml) => name)).toContain(service.port.name);
      expect(spec.tls[0].hosts).toEqual([spec.rules[0].host]);
    }
    expect(of('PodDisruptionBudget')[0]?.spec.minAvailable).toBeLessThan(deployment.spec.replicas);
  });

  it('keep to the restricted standard for pods, and tell the application only what it knows', async () => {
    const { spec } = of('Deployment')[0]?.spec.template ?? {};
    const [container] = spec.containers;
    expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(spec.automountServiceAccountToken).toBe(false);
    const volumes = spec.volumes.map(({ name }: Yaml) => name);
    expect(volumes).toEqual(container.volumeMounts.map(({ name }: Yaml) => name));
    const [{ configMapGenerator }] = (await yaml('kubernetes/kustomization.yaml')) as [Yaml];
    const known = await settings();
    for (const literal of configMapGenerator[0].literals) {
      expect([...known, 'CHANCERY_STORAGE_FILE']).toContain(literal.split('=')[0]);
    }
    expect(container.livenessProbe.httpGet.path).toBe('/healthz');
    expect(container.readinessProbe.httpGet.path).toBe('/readyz');
  });

  it('lead the port that believes certificates from the host that demands one, and no other', () => {
    const withPort = (port: string) =>
      of('Ingress').filter(({ spec }) => spec.rules[0].http.paths[0].backend.service.port.name === port);
    expect(withPort('mtls')).toHaveLength(1);
    expect(withPort('mtls')[0]?.metadata.annotations).toMatchObject({
      'nginx.ingress.kubernetes.io/auth-tls-verify-client': 'on',
      'nginx.ingress.kubernetes.io/auth-tls-pass-certificate-to-upstream': 'true',
    });
    const [policy] = of('NetworkPolicy') as [Yaml];
    const reaching = policy.spec.ingress.filter(({ ports }: Yaml) => ports.some(({ port }: Yaml) => port === 'mtls'));
    expect(reaching).toHaveLength(1);
    expect(reaching[0].from).toHaveLength(1);
  });
});

/** S1-23: Ansible. */
describe('the role for Ansible', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chancery-ansible-'));
    for (const name of ['ansible', 'nginx']) await cp(join(HERE, name), join(folder, name), { recursive: true });
    // It warns where it cannot write below HOME.
    Object.assign(process.env, { LC_ALL: 'C.UTF-8', ANSIBLE_HOME: join(folder, 'home') });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('is one that ansible-playbook takes', async () => {
    const place = join(folder, 'ansible');
    const { status, output } = await runAsync('ansible-playbook', [
      '--syntax-check',
      '-i',
      join(place, 'inventory.yml'),
      join(place, 'playbook.yml'),
    ]);
    expect({ status, problems: output.match(/ERROR.*|WARNING.*/g) }).toEqual({ status: 0, problems: null });
  });

  it('gives each variable that it uses a default, and sets only what the application knows', async () => {
    const role = 'ansible/roles/chancery';
    const [defaults] = (await yaml(`${role}/defaults/main.yml`)) as [Yaml];
    const files = (await readdir(join(HERE, role), { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')));
    const used = new Set(texts.join('\n').match(/chancery_[a-z_]+/g));
    used.delete('chancery_keyring_file');
    expect([...used].sort()).toEqual(Object.keys(defaults).sort());
    const environment = await readFile(join(HERE, role, 'templates/environment.j2'), 'utf8');
    const known = await settings();
    for (const name of environment.match(/^CHANCERY_[A-Z_]+/gm) ?? []) {
      expect([...known, 'CHANCERY_STORAGE_FILE']).toContain(name);
    }
  });

  it('shows no secret while it runs', async () => {
    const tasks = (await yaml('ansible/roles/chancery/tasks/application.yml'))[0] as unknown as Yaml[];
    const secret = tasks.filter((task) => /chancery_(storage_url|keyring)/.test(JSON.stringify(task)));
    expect(secret.map((task) => task.no_log)).toEqual([true]);
    expect(JSON.stringify(secret)).toContain('0640');
  });
});
