export default function Setup() { return <main className="page"><h1>Setup</h1></main>; }
